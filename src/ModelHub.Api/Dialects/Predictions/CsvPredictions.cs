using System.Buffers;
using System.Buffers.Text;
using System.Text;
using ModelHub.Application.Deployments;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary>
/// Passed-through columns, a column per class under its own label, the prediction; for binary models the threshold and the positive
/// class; the approval status; whether it is an outlier, when asked for; explanations, when asked for.
/// </summary>
internal sealed class CsvPredictions(LoadedModel model, ServedDeployment deployment, PredictionQuery query) : PredictionWriter(model, deployment, query)
{
    private static readonly SearchValues<byte> Special = SearchValues.Create(",\"\r\n"u8);
    private readonly byte[][] _classes = [.. model.Header.Classes.Select(c => Encoding.UTF8.GetBytes(Quoted(c)))];

    public override void Begin(RowColumns columns, IBufferWriter<byte> output)
    {
        var target = Model.Header.Target;
        IEnumerable<string> header =
        [
            .. Passed.Select(p => columns.All[p].Name),
            .. Model.IsRegression ? [] : Order().Select(k => $"{target}_{Model.Header.Classes[k]}_PREDICTION"),
            $"{target}_PREDICTION",
            .. Model.IsBinary ? ["THRESHOLD", "POSITIVE_CLASS"] : Array.Empty<string>(),
            "DEPLOYMENT_APPROVAL_STATUS",
            .. Query.Warnings ? ["isOutlierPrediction"] : Array.Empty<string>(),
            .. Enumerable.Range(1, Query.MaxExplanations).SelectMany(i => new[]
            {
                $"EXPLANATION_{i}_FEATURE_NAME", $"EXPLANATION_{i}_STRENGTH", $"EXPLANATION_{i}_QUALITATIVE_STRENGTH",
            }),
        ];
        output.Write(Encoding.UTF8.GetBytes(string.Join(',', header.Select(Quoted)) + "\n"));
    }

    public override void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output)
    {
        for (var r = 0; r < block.Count; r++)
            Row(block, r, output);
    }

    public override void End(long rows, IBufferWriter<byte> output)
    {
    }

    private IEnumerable<int> Order() => Model.IsBinary ? [1, 0] : Enumerable.Range(0, Model.Header.Classes.Count);

    private void Row(RowBlock block, int row, IBufferWriter<byte> output)
    {
        var outputs = block.OutputsOf(row);
        var verdict = block.Answers is null ? Judge(block, row) : default;
        foreach (var column in Passed)
        {
            Cell(block.TextOf(block.CellOf(row, column)), output);
            output.Write(","u8);
        }
        if (Model.IsBinary)
        {
            Number(outputs[1], output);
            Number(outputs[0], output);
        }
        else if (!Model.IsRegression)
        {
            foreach (var value in outputs)
                Number(value, output);
        }
        if (block.Answers is { } answers)
            output.Write(Encoding.UTF8.GetBytes(Quoted(Plain(answers[row]))));
        else
            WritePrediction(outputs, verdict, output);
        if (Model.IsBinary)
        {
            output.Write(","u8);
            Number(Threshold, output);
            output.Write(_classes[1]);
        }
        output.Write(",APPROVED"u8);
        if (Query.Warnings)
            output.Write(verdict.IsOutlier ? ",true"u8 : ",false"u8);
        if (Query.MaxExplanations > 0 && block.Answers is null)
            WriteExplanations(block, row, output);
        output.Write("\n"u8);
    }

    /// <summary>A text as it reads, anything else as its JSON.</summary>
    private static string Plain(string answer) => answer.StartsWith('"') ? System.Text.Json.JsonSerializer.Deserialize<string>(answer)! : answer;

    private void WritePrediction(ReadOnlySpan<double> outputs, Verdict verdict, IBufferWriter<byte> output)
    {
        if (verdict.Rule?.Action == HumilityAction.Refuse)
            return;
        if (verdict.Rule is { Action: HumilityAction.Override } instead)
            output.Write(Encoding.UTF8.GetBytes(Quoted(instead.Override!)));
        else if (Model.IsRegression)
            Bare(Rounded(outputs[0]), output);
        else
            output.Write(_classes[Decide(outputs)]);
    }

    private void WriteExplanations(RowBlock block, int row, IBufferWriter<byte> output)
    {
        IReadOnlyList<RowExplanation> all = IsExplained(block.OutputsOf(row)) ? RowExplanations.Of(block, row, Query.MaxExplanations) : [];
        for (var i = 0; i < Query.MaxExplanations; i++)
        {
            output.Write(","u8);
            if (i >= all.Count)
            {
                output.Write(",,"u8);
                continue;
            }
            output.Write(Encoding.UTF8.GetBytes(Quoted(all[i].Feature) + ","));
            Number(all[i].Strength, output, rounded: false);
            output.Write(Encoding.UTF8.GetBytes(all[i].Sign));
        }
    }

    private void Number(double value, IBufferWriter<byte> output, bool rounded = true)
    {
        Bare(rounded ? Rounded(value) : value, output);
        output.Write(","u8);
    }

    private static void Bare(double value, IBufferWriter<byte> output)
    {
        Utf8Formatter.TryFormat(value, output.GetSpan(64), out var written);
        output.Advance(written);
    }

    private static void Cell(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (text.IndexOfAny(Special) < 0)
            output.Write(text);
        else
            output.Write(Encoding.UTF8.GetBytes(Quoted(Encoding.UTF8.GetString(text))));
    }

    private static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

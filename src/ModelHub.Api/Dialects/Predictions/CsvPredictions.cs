using System.Buffers;
using System.Globalization;
using System.Text;
using ModelHub.Application.Deployments;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary>
/// Passed-through columns, a column per class under its own label, the prediction; for binary models the threshold and the positive
/// class; the approval status; whether it is an outlier, when asked for; explanations, when asked for.
/// </summary>
internal sealed class CsvPredictions : PredictionWriter
{
    private readonly byte[][] _classes;

    /// <summary>Classes as their columns stand, the positive one first; none for a regression.</summary>
    private readonly int[] _order;

    /// <summary>What follows every row's prediction.</summary>
    private readonly byte[] _status;

    public CsvPredictions(LoadedModel model, ServedDeployment deployment, PredictionQuery query)
        : base(model, deployment, query)
    {
        _classes = [.. model.Header.Classes.Select(c => Encoding.UTF8.GetBytes(Quoted(c)))];
        _order = model.IsRegression ? [] : model.IsBinary ? [1, 0] : [.. Enumerable.Range(0, _classes.Length)];
        var status = model.IsBinary ? string.Create(CultureInfo.InvariantCulture, $",{Rounded(Threshold)},{Quoted(model.Header.Classes[1])}") : "";
        _status = Encoding.UTF8.GetBytes(status + ",APPROVED");
    }

    public override void Begin(RowColumns columns, IBufferWriter<byte> output)
    {
        var target = Model.Header.Target;
        IEnumerable<string> header =
        [
            .. Passed.Select(p => columns.All[p].Name),
            .. _order.Select(k => $"{target}_{Model.Header.Classes[k]}_PREDICTION"),
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
        var pen = new Utf8Pen(output);
        for (var r = 0; r < block.Count; r++)
            Row(block, r, ref pen);
        pen.Flush();
    }

    public override void End(long rows, IBufferWriter<byte> output)
    {
    }

    private void Row(RowBlock block, int row, ref Utf8Pen pen)
    {
        var outputs = block.OutputsOf(row);
        var verdict = block.Answers is null ? Judge(block, row) : default;
        foreach (var column in Passed)
        {
            pen.WriteCell(block.TextOf(block.CellOf(row, column)));
            pen.Write((byte)',');
        }
        foreach (var k in _order)
        {
            pen.Write(Rounded(outputs[k]));
            pen.Write((byte)',');
        }
        if (block.Answers is { } answers)
            pen.Write(Encoding.UTF8.GetBytes(Quoted(Plain(answers[row]))));
        else
            WritePrediction(outputs, verdict, ref pen);
        pen.Write(_status);
        if (Query.Warnings)
            pen.Write(verdict.IsOutlier ? ",true"u8 : ",false"u8);
        if (Query.MaxExplanations > 0 && block.Answers is null)
            WriteExplanations(block, row, ref pen);
        pen.Write((byte)'\n');
    }

    /// <summary>A text as it reads, anything else as its JSON.</summary>
    private static string Plain(string answer) => answer.StartsWith('"') ? System.Text.Json.JsonSerializer.Deserialize<string>(answer)! : answer;

    private void WritePrediction(ReadOnlySpan<double> outputs, Verdict verdict, ref Utf8Pen pen)
    {
        if (verdict.Rule?.Action == HumilityAction.Refuse)
            return;
        if (verdict.Rule is { Action: HumilityAction.Override } instead)
            pen.Write(Encoding.UTF8.GetBytes(Quoted(instead.Override!)));
        else if (Model.IsRegression)
            pen.Write(Rounded(outputs[0]));
        else
            pen.Write(_classes[Decide(outputs)]);
    }

    private void WriteExplanations(RowBlock block, int row, ref Utf8Pen pen)
    {
        IReadOnlyList<RowExplanation> all = IsExplained(block.OutputsOf(row)) ? RowExplanations.Of(block, row, Query.MaxExplanations) : [];
        for (var i = 0; i < Query.MaxExplanations; i++)
        {
            pen.Write((byte)',');
            if (i >= all.Count)
            {
                pen.Write(",,"u8);
                continue;
            }
            pen.Write(Encoding.UTF8.GetBytes(Quoted(all[i].Feature) + ","));
            pen.Write(all[i].Strength);
            pen.Write((byte)',');
            pen.Write(Encoding.UTF8.GetBytes(all[i].Sign));
        }
    }

    private static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

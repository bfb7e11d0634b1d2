using System.Buffers;
using System.Globalization;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary>What both forms of an answer share.</summary>
internal abstract class PredictionWriter(LoadedModel model, ServedDeployment deployment, PredictionQuery query) : IScoredRowsWriter
{
    private readonly HumilityJudge? _judge = query.Warnings || deployment.Guard.Count > 0 ? new HumilityJudge(model, deployment.Guard) : null;

    protected LoadedModel Model { get; } = model;

    protected PredictionQuery Query { get; } = query;

    protected double Threshold { get; } = deployment.Threshold ?? 0.5;

    /// <summary>Indexes of the passed-through columns.</summary>
    protected int[] Passed { get; private set; } = [];

    public bool WritesAnswers => true;

    public bool Explains => Query.MaxExplanations > 0;

    public virtual bool TellsNames => false;

    public void Prepare(RowColumns columns)
    {
        if (Query.Passthrough.All)
        {
            Passed = [.. Enumerable.Range(0, columns.All.Count)];
            return;
        }
        Passed = new int[Query.PassthroughOrder.Count];
        for (var i = 0; i < Passed.Length; i++)
        {
            Passed[i] = columns.Find(Query.PassthroughOrder[i]);
            if (Passed[i] < 0)
                throw ModelHubException.Invalid("passthroughColumns", $"The rows have no column '{Query.PassthroughOrder[i]}'.");
        }
    }

    public abstract void Begin(RowColumns columns, IBufferWriter<byte> output);

    public abstract void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output);

    public abstract void End(long rows, IBufferWriter<byte> output);

    protected Verdict Judge(RowBlock block, int row) => _judge?.Judge(block, row) ?? default;

    /// <summary>Index of the class that a row belongs to; 0 for a regression.</summary>
    protected int Decide(ReadOnlySpan<double> outputs) => Model.Decide(outputs, Threshold);

    protected double Rounded(double value) => Query.Decimals is { } digits && Math.Abs(value) < 1e15 ? Math.Round(value, digits) : value;

    /// <summary>Whether a row is to be explained: not when its score lies between the two thresholds.</summary>
    protected bool IsExplained(ReadOnlySpan<double> outputs)
    {
        if (Query.MaxExplanations == 0)
            return false;
        if (Query.ThresholdHigh is null && Query.ThresholdLow is null)
            return true;
        var score = Model.IsRegression ? outputs[0] : Model.IsBinary ? outputs[1] : outputs[Decide(outputs)];
        return score >= Query.ThresholdHigh || score <= Query.ThresholdLow;
    }

    protected static bool IsNumber(string? text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}

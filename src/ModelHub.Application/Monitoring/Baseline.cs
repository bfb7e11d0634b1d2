using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Monitoring;

/// <summary>One feature or prediction as training had it, in bins.</summary>
/// <param name="Edges">Of a number: upper bounds of all bins but the last. Null for categories, whose code is their bin.</param>
/// <param name="Labels">What each bin is called.</param>
/// <param name="Shares">Share of the training rows per bin; the last bin is for missing values (and categories unseen).</param>
public sealed record BaselineColumn(string Name, float[]? Edges, string[] Labels, double[] Shares)
{
    public int BinOf(double value)
    {
        if (double.IsNaN(value))
            return Shares.Length - 1;
        if (Edges is null)
            return Math.Clamp((int)value, 0, Shares.Length - 2);
        var bin = 0;
        while (bin < Edges.Length && value > Edges[bin])
            bin++;
        return bin;
    }
}

/// <summary>
/// What a model saw in training, in bins: what its live rows are compared with. Numbers in ten bins of equal shares, categories by level
/// (the most frequent twenty, the rest together), missing ones in a bin of their own.
/// </summary>
public sealed record Baseline(IReadOnlyList<BaselineColumn> Features, BaselineColumn Predictions, int Rows)
{
    private const int Bins = 10;
    private const int Levels = 20;

    /// <summary>Bins of all features together.</summary>
    public int Width => Features.Sum(f => f.Shares.Length);

    public static Baseline Of(TrainedModel model, Table rows, CancellationToken cancellation)
    {
        var features = model.Prepare(rows);
        var columns = new List<BaselineColumn>();
        var values = new double[rows.RowCount];
        var row = new float[features.FeatureCount];
        var all = new float[(long)rows.RowCount * features.FeatureCount];
        for (var r = 0; r < rows.RowCount; r++)
        {
            features.CopyRow(r, row);
            row.CopyTo(all, (long)r * row.Length);
        }
        for (var f = 0; f < features.FeatureCount; f++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var r = 0; r < values.Length; r++)
                values[r] = all[(long)r * row.Length + f];
            var levels = LevelsOf(model, f);
            columns.Add(levels is null ? OfNumbers(features.Features[f].Name, values) : OfCodes(features.Features[f].Name, values, levels));
        }
        var outputs = model.PredictRows(all, rows.RowCount);
        for (var r = 0; r < values.Length; r++)
            values[r] = Prediction(outputs.AsSpan(r * model.OutputCount, model.OutputCount), model.Task);
        var predictions = model.Task == TaskKind.Multiclass ? OfCodes("prediction", values, model.Classes) : OfNumbers("prediction", values);
        return new Baseline(columns, predictions, rows.RowCount);
    }

    /// <summary>What of a prediction is watched: the positive probability, the most likely class, the value.</summary>
    public static double Prediction(ReadOnlySpan<double> outputs, TaskKind task) => task switch
    {
        TaskKind.Binary => outputs[1],
        TaskKind.Multiclass => EvaluationReport.Likeliest(outputs),
        TaskKind.Regression => outputs[0],
    };

    private static IReadOnlyList<string>? LevelsOf(TrainedModel model, int feature)
    {
        for (var i = 0; i < model.Inputs.Count; i++)
        {
            if (model.FeatureOffsets[i] == feature && model.Inputs[i].Levels is { } levels)
                return levels;
        }
        return null;
    }

    private static BaselineColumn OfNumbers(string name, double[] values)
    {
        var sorted = values.Where(v => !double.IsNaN(v)).Select(v => (float)v).Order().ToArray();
        var edges = sorted.Length == 0 ? [] : Enumerable.Range(1, Bins - 1).Select(b => sorted[(int)((long)b * (sorted.Length - 1) / Bins)]).Distinct().ToArray();
        var labels = edges.Select((_, b) => b == 0 ? $"≤ {edges[0]:G6}" : $"({edges[b - 1]:G6}, {edges[b]:G6}]")
            .Append(edges.Length == 0 ? "any" : $"> {edges[^1]:G6}").Append("missing").ToArray();
        return Counted(new BaselineColumn(name, edges, labels, new double[labels.Length]), values);
    }

    private static BaselineColumn OfCodes(string name, double[] values, IReadOnlyList<string> levels)
    {
        var labels = levels.Take(Levels).Append("other").Append("missing").ToArray();
        return Counted(new BaselineColumn(name, null, labels, new double[labels.Length]), values);
    }

    private static BaselineColumn Counted(BaselineColumn column, double[] values)
    {
        foreach (var value in values)
            column.Shares[column.BinOf(value)] += 1.0 / values.Length;
        return column;
    }
}

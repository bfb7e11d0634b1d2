using System.Diagnostics;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;
using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Explanations;

/// <summary>Loss of quality when a column is shuffled, in units of the metric.</summary>
public sealed record PermutationShare(string Variable, double Importance, double Deviation);

/// <summary>Mean prediction as one feature takes each of some values: a number, or a category's level.</summary>
/// <param name="Means">Per value: the positive probability, a probability per class, or the value.</param>
public sealed record DependenceCurve(string Feature, IReadOnlyList<string> Values, IReadOnlyList<double[]> Means);

/// <summary>A row's value and what it did to the score.</summary>
public sealed record ShapPoint(string? Value, double Contribution);

/// <summary>A column's contributions (exact SHAP): their mean size, and those of some rows.</summary>
/// <param name="Class">Of a multiclass model; null otherwise.</param>
public sealed record ShapColumn(string Feature, string? Class, double MeanAbsolute, IReadOnlyList<ShapPoint> Points);

/// <summary>What a model does with its training data, or with other data that it is explained with.</summary>
public sealed record Explanation
{
    internal const int MostRows = 2000;
    internal const int PermutedRows = 500;
    private const int Repeats = 3;
    private const int CurveRows = 200;
    private const int CurveFeatures = 10;
    private const int ShapRows = 200;
    private const int ShapColumns = 20;
    private const int FewestShapRows = 20;

    /// <summary>Networks have their contributions sampled, which takes its time: fewer rows then.</summary>
    private static readonly TimeSpan ShapTime = TimeSpan.FromSeconds(2);

    /// <summary>Rows that were looked at.</summary>
    public int Rows { get; init; }

    /// <summary>In whose units importance is; change, the mean change of predictions, where the rows have no labels.</summary>
    public string Metric { get; init; } = "";

    public IReadOnlyList<PermutationShare> Permutation { get; init; } = [];

    public IReadOnlyList<DependenceCurve> Dependence { get; init; } = [];

    /// <summary>Null when the model has no exact contributions.</summary>
    public IReadOnlyList<ShapColumn>? Shap { get; init; }

    public string? ShapSpace { get; init; }

    /// <param name="target">The column with the labels; where the table has none, columns are compared by how they change predictions.</param>
    /// <param name="importance">Columns by their share in the model: where there are many, the first are looked at.</param>
    public static Explanation Of(
        TrainedModel model, Table table, string target, IReadOnlyList<ImportanceShare> importance, CancellationToken cancellation)
    {
        if (table.RowCount < 2)
            throw new ModelHubException(ErrorKind.WrongState, "no_rows", "A model is explained with at least two rows of data; there are fewer.");
        var (rows, labels) = Sample(model.Header, table, target);
        var sample = table.Take(rows);
        var features = model.Prepare(sample);
        var metric = labels is null ? ImpactMeasure.Change
            : SearchPlan.UsualMetric(model.Task);
        return new Explanation
        {
            Rows = rows.Length,
            Metric = metric,
            Permutation = Permuted(model, features, labels, metric, cancellation),
            Dependence = Curves(model, features, importance, cancellation),
            Shap = Contributions(model, features, sample),
            ShapSpace = model.ContributionSpace,
        };
    }

    /// <summary>The rows that are looked at and their labels: rows that have one; any, and null, where there are no labels.</summary>
    internal static (int[] Rows, double[]? Labels) Sample(ModelHeader model, Table table, string target)
    {
        var labels = Labels.Of(table, target, model.Task, model.Classes);
        int[] labelled = [.. Enumerable.Range(0, table.RowCount).Where(r => !double.IsNaN(labels[r]))];
        if (labelled.Length < 2)
            return (Spread([.. Enumerable.Range(0, table.RowCount)], MostRows), null);
        var rows = Spread(labelled, MostRows);
        return (rows, [.. rows.Select(r => labels[r])]);
    }

    /// <summary>Some of the rows, evenly spread: the order of the file is not to matter.</summary>
    private static int[] Spread(int[] rows, int most) =>
        rows.Length <= most ? rows : [.. Enumerable.Range(0, most).Select(i => rows[(int)((long)i * rows.Length / most)])];

    private static List<PermutationShare> Permuted(
        TrainedModel model, FeatureMatrix features, double[]? labels, string metric, CancellationToken cancellation)
    {
        int[] rows = Spread([.. Enumerable.Range(0, features.RowCount)], PermutedRows);
        double[]? before = null;
        double[]? own = labels is null ? null : [.. rows.Select(r => labels[r])];
        double Quality(double[] outputs)
        {
            if (own is not null)
                return EvaluationReport.Of(model.Task, model.Classes, outputs, own).Metrics.GetValueOrDefault(metric, double.NaN);
            before ??= outputs; // the first are of the rows as they are
            return outputs.Zip(before, (now, then) => Math.Abs(now - then)).Average();
        }
        var found = PermutationImportance.Of(
            features, rows, matrix => model.Predict(matrix, cancellation), Quality, metric == "auc", Repeats, seed: 1, cancellation);
        return [.. found.Select(p => new PermutationShare(p.Variable, Finite(p.Mean), Finite(p.Deviation)))];
    }

    private static List<DependenceCurve> Curves(
        TrainedModel model, FeatureMatrix features, IReadOnlyList<ImportanceShare> importance, CancellationToken cancellation)
    {
        var rows = Spread([.. Enumerable.Range(0, features.RowCount)], CurveRows);
        var rank = importance.Select((share, at) => (share.Variable, at)).ToDictionary(p => p.Variable, p => p.at, StringComparer.Ordinal);
        var chosen = Enumerable.Range(0, features.FeatureCount)
            .Where(f => rows.Any(r => float.IsFinite(features[r, f])))
            .OrderBy(f => rank.GetValueOrDefault(features.Features[f].Source, int.MaxValue)).ThenBy(f => f).Take(CurveFeatures);
        var curves = new List<DependenceCurve>();
        foreach (var feature in chosen)
        {
            var found = PartialDependence.Of(features, feature, rows, matrix => model.Predict(matrix, cancellation), model.OutputCount, cancellation: cancellation);
            curves.Add(new DependenceCurve(
                found.Feature, [.. found.Values.Select(v => ValueText(model, feature, v) ?? "")],
                [.. found.Means.Select(m => model.Task == TaskKind.Binary ? [m[1]] : m)]));
        }
        return curves;
    }

    /// <summary>Null of a model that has no exact contributions.</summary>
    private static List<ShapColumn>? Contributions(TrainedModel model, FeatureMatrix features, Table table)
    {
        if (!model.HasContributions)
            return null;
        const int step = 16;
        int[] rows = [.. Enumerable.Range(0, features.RowCount)];
        new Random(1).Shuffle(rows); // whoever stops early has seen all parts of the table
        if (rows.Length > ShapRows)
            rows = rows[..ShapRows];
        var (inputs, width, outputs) = (model.Inputs.Count, model.ContributionWidth, model.Model.OutputCount);
        Column?[] columns = [.. model.Inputs.Select(i => table.Find(i.Name))];
        var points = Enumerable.Range(0, outputs * inputs).Select(_ => new List<ShapPoint>(rows.Length)).ToArray();
        var (values, all) = (new float[step * features.FeatureCount], new double[step * width]);
        var began = Stopwatch.GetTimestamp();
        for (var from = 0; from < rows.Length && (from < FewestShapRows || Stopwatch.GetElapsedTime(began) <= ShapTime); from += step)
        {
            var count = Math.Min(step, rows.Length - from);
            for (var i = 0; i < count; i++)
                features.CopyRow(rows[from + i], values.AsSpan(i * features.FeatureCount, features.FeatureCount));
            model.Explain(values.AsSpan(0, count * features.FeatureCount), all.AsSpan(0, count * width));
            for (var i = 0; i < count; i++)
            {
                for (var p = 0; p < points.Length; p++)
                {
                    var (output, input) = (p / inputs, p % inputs);
                    points[p].Add(new ShapPoint(Cell.Text(columns[input], rows[from + i]), all[i * width + output * (inputs + 1) + input]));
                }
            }
        }
        return [.. Enumerable.Range(0, outputs).SelectMany(output => Enumerable.Range(0, inputs).Select(input => new ShapColumn(
                model.Inputs[input].Name, outputs == 1 ? null : model.Classes[output], points[output * inputs + input].Average(v => Math.Abs(v.Contribution)),
                [.. points[output * inputs + input].Take(100)]))
            .OrderByDescending(c => c.MeanAbsolute).Take(ShapColumns))];
    }

    private static string? ValueText(TrainedModel model, int feature, float value)
    {
        for (var i = 0; i < model.Inputs.Count; i++)
        {
            if (model.FeatureOffsets[i] == feature && model.Inputs[i].Levels is { } levels)
                return (int)value < levels.Count ? levels[(int)value] : null;
        }
        return value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Metrics;

/// <param name="Value">The metric over all rows.</param>
/// <param name="Low">Between these lie <see cref="Confidence"/> of the resampled values.</param>
/// <param name="StandardError">Standard deviation of the resampled values.</param>
/// <param name="Resamples">Resamples that had a value: one without positives has no AUC.</param>
public sealed record MetricInterval(double Value, double Low, double High, double StandardError, double Confidence, int Resamples);

/// <summary>Percentile intervals of metrics from rows drawn with replacement (Efron 1979). Equal seeds give equal intervals.</summary>
public static class Bootstrap
{
    /// <summary>Interval of any function of rows.</summary>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="metric">The metric over some of the rows 0..rows-1, which may repeat; NaN when it has none.</param>
    /// <param name="resamples">2..10000.</param>
    /// <exception cref="EngineException">No rows, or options out of range.</exception>
    public static MetricInterval Interval(int rows, Func<int[], double> metric, int resamples = 200, double confidence = 0.95, ulong seed = 0)
        => All(rows, drawn => new Dictionary<string, double>(StringComparer.Ordinal) { [""] = metric(drawn) }, resamples, confidence, seed)[""];

    /// <summary>Intervals of all metrics of <see cref="EvaluationReport"/>; its parameters mean the same. Rows without a label are left out.</summary>
    public static IReadOnlyDictionary<string, MetricInterval> Report(
        TaskKind task, IReadOnlyList<string> classes, double[] outputs, double[] labels, double threshold = 0.5,
        int resamples = 200, double confidence = 0.95, ulong seed = 0)
    {
        int[] labelled = [.. Enumerable.Range(0, labels.Length).Where(r => !double.IsNaN(labels[r]))];
        return All(
            labelled.Length, drawn => EvaluationReport.Scalars(task, classes, outputs, labels, Array.ConvertAll(drawn, i => labelled[i]), threshold),
            resamples, confidence, seed);
    }

    private static Dictionary<string, MetricInterval> All(
        int rows, Func<int[], Dictionary<string, double>> metrics, int resamples, double confidence, ulong seed)
    {
        if (rows < 1)
            throw new EngineException("There is no row to measure.");
        if (resamples is < 2 or > 10_000)
            throw new EngineException($"The number of resamples is {resamples}; it must be from 2 to 10000.");
        if (!(confidence > 0 && confidence < 1))
            throw new EngineException("The confidence of an interval must be between 0 and 1.");
        var drawn = Enumerable.Range(0, rows).ToArray();
        var whole = metrics(drawn);
        var samples = whole.Keys.ToDictionary(name => name, _ => new List<double>(), StringComparer.Ordinal);
        for (var s = 0; s < resamples; s++)
        {
            var random = new SeededRandom(seed, 0xB007, (ulong)s);
            for (var i = 0; i < rows; i++)
                drawn[i] = random.Below(rows);
            foreach (var (name, value) in metrics(drawn))
            {
                if (double.IsFinite(value) && samples.TryGetValue(name, out var list))
                    list.Add(value);
            }
        }
        return whole.ToDictionary(m => m.Key, m => Of(m.Value, samples[m.Key], confidence), StringComparer.Ordinal);
    }

    private static MetricInterval Of(double value, List<double> samples, double confidence)
    {
        if (samples.Count == 0)
            return new MetricInterval(value, value, value, 0, confidence, 0);
        samples.Sort();
        var mean = samples.Average();
        var deviation = samples.Count < 2 ? 0 : Math.Sqrt(samples.Sum(v => (v - mean) * (v - mean)) / (samples.Count - 1));
        return new MetricInterval(
            value, At(samples, (1 - confidence) / 2), At(samples, (1 + confidence) / 2), deviation, confidence, samples.Count);
    }

    private static double At(List<double> sorted, double quantile)
    {
        var place = quantile * (sorted.Count - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}

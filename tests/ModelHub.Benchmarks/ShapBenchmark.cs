using System.Diagnostics;
using System.Text.Json;
using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;

namespace ModelHub.Benchmarks;

/// <summary>Times exact contributions of one boosted model, and checks that they add up. Prints one line of JSON.</summary>
internal static class ShapBenchmark
{
    public static int Run(Arguments args)
    {
        var (forest, set, rows, threads) = BenchmarkModel.Fit(args, 10_000);
        var clock = Stopwatch.StartNew();
        var explainer = new ShapExplainer(forest);
        var preparing = clock.Elapsed.TotalSeconds;
        double[] contributions = [];
        var seconds = BenchmarkModel.Best(() => contributions = explainer.Explain(set.Features, rows, threads), 3);
        var single = Singly(explainer, set, rows);
        var scores = new double[rows.Length * forest.OutputCount];
        new Engine.Inference.CompiledForest(forest).Score(set.Features, rows, scores);
        var side = forest.FeatureCount + 1;
        var worst = 0.0;
        for (var i = 0; i < scores.Length; i++)
        {
            var sum = 0.0;
            foreach (var value in contributions.AsSpan(i * side, side))
                sum += value;
            worst = Math.Max(worst, Math.Abs(sum - scores[i]) / Math.Max(1, Math.Abs(scores[i])));
        }
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["rows"] = rows.Length, ["features"] = forest.FeatureCount, ["trees"] = forest.Trees.Count,
            ["mean_leaves"] = forest.Trees.Average(t => t.Feature.Count(f => f < 0)), ["threads"] = threads, ["prepare_seconds"] = Math.Round(preparing, 4),
            ["seconds"] = Math.Round(seconds, 5), ["rows_per_second"] = Math.Round(rows.Length / seconds), ["single_row_micros"] = Math.Round(single * 1e6, 2),
            ["max_sum_error"] = worst, ["peak_mb"] = BenchmarkModel.PeakMb(),
        }));
        return 0;
    }

    /// <summary>Seconds of one thread that a row takes which comes alone.</summary>
    private static double Singly(ShapExplainer explainer, TrainingSet set, int[] rows)
    {
        var width = explainer.FeatureCount;
        rows = rows[..Math.Min(rows.Length, 1000)];
        var values = new float[rows.Length * width];
        for (var i = 0; i < rows.Length; i++)
            set.Features.CopyRow(rows[i], values.AsSpan(i * width, width));
        var contributions = new double[explainer.Width];
        return BenchmarkModel.Best(() =>
        {
            for (var i = 0; i < rows.Length; i++)
                explainer.Explain(values.AsSpan(i * width, width), contributions);
        }) / rows.Length;
    }
}

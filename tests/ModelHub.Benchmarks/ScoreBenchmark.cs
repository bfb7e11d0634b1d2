using System.Diagnostics;
using System.Text.Json;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;

namespace ModelHub.Benchmarks;

/// <summary>Times scoring with one boosted model: a batch on all threads, and single rows on one. Prints one line of JSON.</summary>
internal static class ScoreBenchmark
{
    private const int Block = 4096;

    public static int Run(Arguments args)
    {
        var (forest, set, rows, threads) = BenchmarkModel.Fit(args, 100_000);
        var clock = Stopwatch.StartNew();
        var compiled = new CompiledForest(forest);
        var compiling = clock.Elapsed.TotalSeconds;
        var scores = new double[rows.Length * forest.OutputCount];
        using var team = new ThreadTeam(threads);
        var seconds = BenchmarkModel.Best(() =>
        {
            var next = -1;
            team.Run(_ =>
            {
                for (int b; (b = Interlocked.Increment(ref next)) * Block < rows.Length;)
                {
                    var part = rows.AsSpan(b * Block, Math.Min(Block, rows.Length - b * Block));
                    compiled.Score(set.Features, part, scores.AsSpan(b * Block * forest.OutputCount, part.Length * forest.OutputCount));
                }
            });
        });
        var lines = new float[2000 * forest.FeatureCount];
        var count = Math.Min(2000, rows.Length);
        for (var i = 0; i < count; i++)
            set.Features.CopyRow(rows[i], lines.AsSpan(i * forest.FeatureCount, forest.FeatureCount));
        var one = new double[forest.OutputCount];
        var single = BenchmarkModel.Best(() =>
        {
            for (var i = 0; i < count; i++)
                compiled.Score(lines.AsSpan(i * forest.FeatureCount, forest.FeatureCount), one);
        });
        var worst = 0.0;
        for (var i = 0; i < count; i++)
        {
            forest.Score(lines.AsSpan(i * forest.FeatureCount, forest.FeatureCount), one);
            for (var o = 0; o < one.Length; o++)
                worst = Math.Max(worst, Math.Abs(one[o] - scores[i * one.Length + o]));
        }
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["rows"] = rows.Length, ["features"] = forest.FeatureCount, ["trees"] = forest.Trees.Count,
            ["mean_leaves"] = forest.Trees.Average(t => t.Feature.Count(f => f < 0)), ["threads"] = threads, ["kernel"] = compiled.Kernel.ToString(),
            ["compile_seconds"] = Math.Round(compiling, 4), ["seconds"] = Math.Round(seconds, 5), ["rows_per_second"] = Math.Round(rows.Length / seconds),
            ["single_row_us"] = Math.Round(single / count * 1e6, 3), ["max_difference"] = worst,
            ["metric_name"] = Headline.Name(set.Task), ["metric"] = Headline.Of(compiled, set, rows), ["peak_mb"] = BenchmarkModel.PeakMb(),
        }));
        return 0;
    }
}

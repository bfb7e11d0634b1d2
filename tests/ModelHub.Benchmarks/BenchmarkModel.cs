using System.Diagnostics;
using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Trees;

namespace ModelHub.Benchmarks;

/// <summary>A boosted model to score and explain with: trained on the first --train-rows rows, used on the --rows rows at the end of the --test file (or of the same).</summary>
internal static class BenchmarkModel
{
    public static (Forest Forest, TrainingSet Set, int[] Rows, int Threads) Fit(Arguments args, int otherwise)
    {
        var task = Enum.Parse<TaskKind>(args.Text("task"), ignoreCase: true);
        var threads = args.Number("threads", Environment.ProcessorCount);
        var test = args.Has("test") ? args.Text("test") : null;
        var data = CsvSet.Read(args.Text("data"), test, args.Text("target"), task, args.Number("most", 300_000), out var count);
        var all = Enumerable.Range(0, data.Set.Features.RowCount).ToArray();
        var options = new BoostingOptions
        {
            Trees = args.Number("trees", 100), LearnRate = args.Real("rate", 0.1), MaxDepth = args.Has("leaves") ? 0 : args.Number("depth", 6),
            MaxLeaves = args.Number("leaves", 0), LeafWise = args.Has("leaves"), MaxBins = args.Number("bins", 255), MinRows = 1, MinChildWeight = 1,
            EarlyStoppingRounds = 0, SampleRate = 1, ColumnSampleRatePerTree = 1,
        };
        var train = all[..Math.Min(count, args.Number("train-rows", 200_000))];
        var forest = (Forest)new GradientBoostedTrees(options).Fit(data.Set.With(train), new FitContext { Seed = 7, Threads = threads });
        var used = test is null ? all : all[count..];
        return (forest, data.Set, used[^Math.Min(used.Length, args.Number("rows", otherwise))..], threads);
    }

    public static double PeakMb()
    {
        using var self = Process.GetCurrentProcess();
        return Math.Round(self.PeakWorkingSet64 / 1048576.0, 1);
    }

    /// <summary>Least seconds of several runs, and of a second's, after a first: noise on a shared machine is one-sided.</summary>
    public static double Best(Action work, int runs = 7)
    {
        var best = double.PositiveInfinity;
        var all = Stopwatch.StartNew();
        // Code is compiled for good only once it has run for a while.
        for (var i = 0; i <= runs || all.Elapsed.TotalSeconds < 1; i++)
        {
            var clock = Stopwatch.StartNew();
            work();
            if (i > 0)
                best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return best;
    }
}

using System.Text.Json;
using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Trees;

namespace ModelHub.Benchmarks;

/// <summary>One boosted model with default options over the sets of a folder with a manifest and splits.</summary>
internal static class AccuracyBenchmark
{
    public static int Run(Arguments args)
    {
        foreach (var set in SharedSet.All(args))
        {
            var holdout = Measure(args, set.Data.Set, set.Train, set.Test);
            var folds = Array.Empty<double>();
            if (set.Fold is { } fold && args.Text("split", "folds") == "folds" && set.RowCount <= args.Number("most", 60_000))
            {
                var all = Enumerable.Range(0, set.RowCount).ToArray();
                folds = [.. Enumerable.Range(0, 5).Select(k =>
                    Measure(args, set.Data.Set, Array.FindAll(all, r => fold[r] != k), Array.FindAll(all, r => fold[r] == k)))];
            }
            Console.WriteLine(JsonSerializer.Serialize(
                new { name = set.Name, metric = Headline.Name(set.Task), holdout, mean = folds.Length > 0 ? folds.Average() : 0, folds }));
        }
        return 0;
    }

    private static double Measure(Arguments args, TrainingSet set, int[] train, int[] test)
        => Headline.Of(new GradientBoostedTrees(Options(args)).Fit(set.With(train), new FitContext { Seed = 7 }), set, test);

    // Default options, but for what is asked for: to see what an option does.
    private static BoostingOptions Options(Arguments args)
    {
        var d = BoostingOptions.Default;
        return d with
        {
            Trees = args.Number("trees", d.Trees), LearnRate = args.Real("rate", d.LearnRate), MaxLeaves = args.Number("leaves", d.MaxLeaves),
            MinRows = args.Number("min-rows", d.MinRows), L2 = args.Real("l2", d.L2), SampleRate = args.Real("sample", d.SampleRate),
            ColumnSampleRatePerTree = args.Real("columns", d.ColumnSampleRatePerTree), EarlyStoppingRounds = args.Number("rounds", d.EarlyStoppingRounds),
            CategorySmoothing = args.Real("smoothing", d.CategorySmoothing),
        };
    }
}

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
        var folder = args.Text("folder");
        var wanted = args.Text("sets", "");
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json")));
        foreach (var entry in manifest.RootElement.EnumerateArray())
        {
            var name = entry.GetProperty("name").GetString()!;
            if (wanted.Length > 0 ? !wanted.Split(',').Contains(name) : name.StartsWith("synth", StringComparison.Ordinal))
                continue;
            var task = Enum.Parse<TaskKind>(entry.GetProperty("task").GetString()!, ignoreCase: true);
            var data = CsvSet.Read(
                Path.Combine(folder, name + ".csv"), null, entry.GetProperty("target").GetString()!, task, int.MaxValue, out var count);
            using var split = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, name + ".split.json")));
            int[] Rows(string part) => [.. split.RootElement.GetProperty(part).EnumerateArray().Select(e => e.GetInt32()).Order()];
            var holdout = Measure(args, data.Set, Rows("train"), Rows("test"));
            var folds = Array.Empty<double>();
            if (args.Text("split", "folds") == "folds" && count <= args.Number("most", 60_000))
            {
                var fold = split.RootElement.GetProperty("fold").EnumerateArray().Select(e => e.GetInt32()).ToArray();
                var all = Enumerable.Range(0, count).ToArray();
                folds = [.. Enumerable.Range(0, 5).Select(k =>
                    Measure(args, data.Set, Array.FindAll(all, r => fold[r] != k), Array.FindAll(all, r => fold[r] == k)))];
            }
            Console.WriteLine(JsonSerializer.Serialize(new { name, metric = Headline.Name(task), holdout, mean = folds.Length > 0 ? folds.Average() : 0, folds }));
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

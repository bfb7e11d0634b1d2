using System.Diagnostics;
using System.Text.Json;
using ModelHub.Engine;
using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Benchmarks;

/// <summary>Times one boosted model: binning and boosting, without reading the file. Prints one line of JSON.</summary>
internal static class TrainBenchmark
{
    public static int Run(Arguments args)
    {
        var task = Enum.Parse<TaskKind>(args.Text("task"), ignoreCase: true);
        var test = args.Has("test") ? args.Text("test") : null;
        var data = CsvSet.Read(args.Text("data"), test, args.Text("target"), task, args.Number("rows", int.MaxValue), out var trainRows);
        var all = Enumerable.Range(0, data.Set.Features.RowCount).ToArray();
        trainRows -= args.Number("test-rows", 0);
        var held = trainRows < all.Length;
        var set = held ? data.Set.With(all[..trainRows]) : data.Set;
        var threads = args.Number("threads", Environment.ProcessorCount);
        var options = new BoostingOptions
        {
            Trees = args.Number("trees", 100),
            LearnRate = args.Real("rate", 0.1),
            MaxDepth = args.Has("leaves") ? 0 : args.Number("depth", 6),
            MaxLeaves = args.Number("leaves", 0),
            LeafWise = args.Has("leaves"),
            MaxBins = args.Number("bins", 255),
            MinRows = 1,
            MinChildWeight = 1, EarlyStoppingRounds = 0, SampleRate = 1, ColumnSampleRatePerTree = 1,
        };
        Collect();
        var before = Peak();
        var used = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        using (var team = new ThreadTeam(threads))
            BinnedMatrix.Of(set.Features, options.MaxBins, team);
        var binning = clock.Elapsed.TotalSeconds;
        var model = new GradientBoostedTrees(options).Fit(set, new FitContext { Seed = (ulong)args.Number("seed", 7), Threads = threads });
        var seconds = clock.Elapsed.TotalSeconds;
        used = Environment.CpuUsage.TotalTime - used;
        var peak = Peak();
        var scored = held ? all[trainRows..] : all[..Math.Min(trainRows, 100_000)];
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["rows"] = trainRows,
            ["features"] = set.Features.FeatureCount,
            ["trees"] = ((Forest)model).Trees.Count,
            ["threads"] = threads,
            ["seconds"] = Math.Round(seconds, 3),
            ["binning_seconds"] = Math.Round(binning, 3),
            ["cpu_seconds"] = Math.Round(used.TotalSeconds, 3),
            ["metric_name"] = Headline.Name(task),
            ["metric_on"] = held ? "test rows" : "training rows",
            ["metric"] = Headline.Of(model, data.Set, scored),
            ["before_mb"] = Math.Round(before, 1),
            ["peak_mb"] = Math.Round(peak, 1),
            ["rows_per_second"] = Math.Round(trainRows / seconds),
        }));
        return 0;
    }

    private static void Collect()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, true, true);
        // From here on the peak is that of training, not of reading text.
        if (OperatingSystem.IsLinux())
            File.WriteAllText("/proc/self/clear_refs", "5");
    }

    private static double Peak()
    {
        using var self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64 / 1048576.0;
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Search;

namespace ModelHub.Benchmarks;

/// <summary>
/// A whole search in a given time, its best model measured on rows it never saw: of one file and a test file, or over the sets of a
/// folder with a manifest and splits. A line of JSON per set.
/// </summary>
internal static class AutoMlBenchmark
{
    /// <summary>The first of a leaderboard, whose time per row is measured at leisure.</summary>
    private const int MostMeasured = 3;

    public static int Run(Arguments args)
    {
        if (!args.Has("folder"))
        {
            var task = Enum.Parse<TaskKind>(args.Text("task"), ignoreCase: true);
            var data = CsvSet.Read(args.Text("data"), args.Text("test"), args.Text("target"), task, int.MaxValue, out var count);
            var all = Enumerable.Range(0, data.Set.Features.RowCount).ToArray();
            Measure(args, Path.GetFileNameWithoutExtension(args.Text("data")), data.Set, all[..count], all[count..]);
            return 0;
        }
        foreach (var set in SharedSet.All(args))
            Measure(args, set.Name, set.Data.Set, set.Train, set.Test);
        return 0;
    }

    private static void Measure(Arguments args, string name, TrainingSet set, int[] train, int[] test)
    {
        var table = TableOf(set);
        var seconds = args.Real("seconds", 60);
        var options = new AutoMlOptions
        {
            Target = "", IsRegression = set.Task == TaskKind.Regression, MaxRuntime = TimeSpan.FromSeconds(seconds),
            Mode = Enum.Parse<SearchMode>(args.Text("mode", nameof(SearchMode.Balanced)), ignoreCase: true),
            Threads = args.Number("threads", Environment.ProcessorCount), MaxModels = args.Has("models") ? args.Number("models", 0) : null,
            Seed = (ulong)args.Number("seed", 42),
        };
        var used = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var result = AutoMlSearch.Run(table.Take(train), options, null, args.Has("cpu-clock") ? new CpuClock(options.Threads) : TimeProvider.System, CancellationToken.None);
        var taken = clock.Elapsed.TotalSeconds;
        used = Environment.CpuUsage.TotalTime - used;
        var held = table.Take(test);
        double Score(CandidateResult candidate) => EvaluationReport.Of(set.Task, result.Classes, candidate.Model!.Predict(held),
            Labels.Of(held, options.Target, set.Task, result.Classes)).Metrics[result.Metric];
        // Resampled from so many rows at most; the error shrinks with the root of their number.
        double Error(CandidateResult candidate)
        {
            int[] some = [.. test.Where((_, i) => i % (1 + test.Length / 5000) == 0)];
            var part = table.Take(some);
            var interval = Bootstrap.Report(set.Task, result.Classes, candidate.Model!.Predict(part), Labels.Of(part, options.Target, set.Task, result.Classes), resamples: 100);
            return interval[result.Metric].StandardError * Math.Sqrt(some.Length / (double)test.Length);
        }
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            name, metric = result.Metric, test = Score(result.Candidates[0]), standard_error = Error(result.Candidates[0]), best = result.Candidates[0].Name, budget = seconds,
            seconds = Math.Round(taken, 2), cpu_seconds = Math.Round(used.TotalSeconds, 1),
            models = result.Candidates.Select((c, at) => new
            {
                name = c.Name, validation = c.Report?.Metrics[result.Metric], test = c.Model is null ? (double?)null : Score(c),
                seconds = Math.Round(c.TrainSeconds, 2), 
                micros_per_row = Math.Round(c.Model is not null && at < MostMeasured ? Micros(c.Model, held) : c.MicrosPerRow, 2),
                counted_micros_per_row = c.Model is null ? (double?)null : Math.Round(ScoringCost.Of(c.Model.Model), 2), failure = c.Failure,
            }),
        }));
    }

    /// <summary>Microseconds of processor time per row, in blocks of rows on this thread; a machine that is busy with other things does not count.</summary>
    private static double Micros(TrainedModel model, Table table)
    {
        var rows = Math.Min(512, table.RowCount);
        var (features, width) = (model.Prepare(table), model.FeatureCount);
        var values = new float[rows * width];
        for (var r = 0; r < rows; r++)
            features.CopyRow(r, values.AsSpan(r * width, width));
        double Run(double milliseconds)
        {
            var (used, runs) = (Environment.CpuUsage.TotalTime, 0);
            for (; (Environment.CpuUsage.TotalTime - used).TotalMilliseconds < milliseconds; runs++)
                model.PredictRows(values, rows);
            return (Environment.CpuUsage.TotalTime - used).TotalMicroseconds / runs / rows;
        }
        // The first is for the compiler, whose own time counts as well.
        Run(300);
        return Math.Min(Run(100), Math.Min(Run(100), Run(100)));
    }

    /// <summary>Codes become levels again, named so that they sort by code; the target is the column without a name.</summary>
    private static Table TableOf(TrainingSet set)
    {
        var columns = new List<Column>();
        for (var f = 0; f < set.Features.FeatureCount; f++)
        {
            var values = set.Features.Dense(f)!;
            columns.Add(set.Features.Features[f].IsCategorical
                ? new CategoryColumn(set.Features.Features[f].Name, Array.ConvertAll(values, v => float.IsNaN(v) ? -1 : (int)v), Levels(set.Features.Features[f].Cardinality))
                : new NumericColumn(set.Features.Features[f].Name, ColumnKind.Numeric, Array.ConvertAll(values, v => (double)v)));
        }
        columns.Add(set.Task == TaskKind.Regression
            ? new NumericColumn("", ColumnKind.Numeric, set.Labels)
            : new CategoryColumn("", Array.ConvertAll(set.Labels, v => (int)v), Levels(set.ClassCount)));
        return new Table(columns, set.Labels.Length);
    }

    private static string[] Levels(int count) => [.. Enumerable.Range(0, count).Select(i => "v" + i.ToString("D7", CultureInfo.InvariantCulture))];
}

using System.Globalization;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Numerics;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Predictions held against those of another dataset's column.</summary>
/// <param name="Threshold">How far a number may be off, as a share of it.</param>
/// <param name="PassingRate">Least share of the rows that have to match, in percent.</param>
public sealed record VerificationCheck(Guid DatasetId, string Column, double Threshold, double PassingRate);

/// <summary>Single rows, asked for by several at once: every answer has to come in time.</summary>
public sealed record PerformanceCheck(int MostMilliseconds, int Seconds, int Users);

/// <summary>Batches of changing size, by several at once.</summary>
/// <param name="PassingRate">Least share of the batches that have to be answered, in percent.</param>
public sealed record StabilityCheck(int Iterations, int LeastRows, int MostRows, int Users, double PassingRate);

/// <summary>Checks that are made only when somebody asks for them, with settings of their own.</summary>
public sealed record ExtraChecks
{
    public VerificationCheck? Verification { get; init; }

    public PerformanceCheck? Performance { get; init; }

    public StabilityCheck? Stability { get; init; }

    /// <summary>Which of them are asked for, in the order in which they are made.</summary>
    public IEnumerable<string> Names()
    {
        if (Verification is not null)
            yield return TestChecks.Verification;
        if (Performance is not null)
            yield return TestChecks.Performance;
        if (Stability is not null)
            yield return TestChecks.Stability;
    }
}

/// <summary>Makes those checks against a model that runs; each returns what it found, or refuses with it.</summary>
/// <param name="ask">Predictions of rows: the same number of numbers for each row.</param>
internal sealed class ExtraCheckRuns(Table rows, Func<Table, CancellationToken, Task<double[]>> ask, IModelRunner model, TimeProvider clock)
{
    private const int MostRequestsPerUser = 1000;

    /// <param name="expected">The other dataset, row by row the same.</param>
    public async Task<string> VerifyAsync(VerificationCheck check, Table expected, CancellationToken cancellation)
    {
        var column = expected.Find(check.Column) ?? throw Failed($"The dataset to compare with has no column '{check.Column}'.");
        var count = Math.Min(rows.RowCount, expected.RowCount);
        var found = await ask(rows.Take([.. Enumerable.Range(0, count)]), cancellation);
        var width = found.Length / Math.Max(1, count);
        var (matching, first) = (0, "");
        for (var r = 0; r < count; r++)
        {
            var outputs = found.AsSpan(r * width, width);
            var wanted = Cell.Text(column, r) ?? "";
            if (Matches(outputs, wanted, Cell.Number(column, r), check.Threshold))
                matching++;
            else if (first.Length == 0)
                first = string.Create(CultureInfo.InvariantCulture, $" Row {r}: {outputs[^1]} where '{wanted}' is expected.");
        }
        return Rated("rows match", matching, count, check.PassingRate, first);
    }

    public async Task<string> PerformAsync(PerformanceCheck check, CancellationToken cancellation)
    {
        var times = new System.Collections.Concurrent.ConcurrentBag<double>();
        var begin = clock.GetTimestamp();
        await Parallel.ForAsync(0, check.Users, Together(check.Users, cancellation), async (user, stop) =>
        {
            for (var i = 0; i < MostRequestsPerUser && clock.GetElapsedTime(begin).TotalSeconds < check.Seconds; i++)
            {
                var row = rows.Take([(user * 7919 + i) % rows.RowCount]);
                var start = clock.GetTimestamp();
                await ask(row, stop);
                times.Add(clock.GetElapsedTime(start).TotalMilliseconds);
            }
        });
        double[] sorted = [.. times.Order()];
        var told = string.Create(
            CultureInfo.InvariantCulture, $"{sorted.Length} rows: median {sorted[sorted.Length / 2]:0.##} ms, 99 % within {sorted[sorted.Length * 99 / 100]:0.##} ms, longest {sorted[^1]:0.##} ms");
        return sorted[^1] <= check.MostMilliseconds ? told + "." : throw Failed($"{told}; {check.MostMilliseconds} ms are allowed.");
    }

    public async Task<string> StabiliseAsync(StabilityCheck check, CancellationToken cancellation)
    {
        var (passed, first) = (0, "");
        await Parallel.ForAsync(0, check.Iterations, Together(check.Users, cancellation), async (i, stop) =>
        {
            var random = new SeededRandom(1, 4, (ulong)i);
            var size = check.LeastRows + random.Below(check.MostRows - check.LeastRows + 1);
            int[] chosen = [.. Enumerable.Range(0, size).Select(_ => random.Below(rows.RowCount))];
            try
            {
                await ask(rows.Take(chosen), stop);
                Interlocked.Increment(ref passed);
            }
            catch (ModelHubException failure)
            {
                first = $" A batch of {size} rows failed: {failure.Message}";
            }
        });
        return Rated("batches were answered", passed, check.Iterations, check.PassingRate, first);
    }

    private bool Matches(ReadOnlySpan<double> outputs, string wanted, double number, double threshold) =>
        model.Header.Classes.Contains(wanted) ? model.Header.Classes[EvaluationReport.Decide(outputs, model.Header.Threshold)] == wanted
            : Math.Abs(outputs[^1] - number) <= threshold * Math.Max(1, Math.Abs(number));

    private static ParallelOptions Together(int users, CancellationToken cancellation) =>
        new() { MaxDegreeOfParallelism = users, CancellationToken = cancellation };

    private static string Rated(string what, int passed, int all, double least, string first)
    {
        var told = string.Create(CultureInfo.InvariantCulture, $"{passed} of {all} {what}");
        return all > 0 && 100.0 * passed / all >= least ? told + "." : throw Failed(string.Create(CultureInfo.InvariantCulture, $"{told}; {least} % have to.{first}"));
    }

    private static ModelHubException Failed(string message) => new(ErrorKind.Conflict, "check_failed", message);
}

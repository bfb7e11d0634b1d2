using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>The checks of a test, one after the other; the first that fails ends it.</summary>
/// <param name="start">Makes the model; what it says goes to the log that it is given.</param>
/// <param name="target">Name of the column that is not given to the model.</param>
internal sealed class TestRun(Func<Action<BoundedLog>, IModelRunner> start, string? target, CustomModelTest test, TimeProvider clock)
{
    private const int MostRows = 10_000;
    private const int MostRowsAgain = 200;
    private readonly Dictionary<string, TestResult> _results = [];
    private readonly Dictionary<string, string> _said = [];
    private readonly List<BoundedLog> _logs = [];

    public IReadOnlyDictionary<string, TestResult> Results => _results;

    public string Log => string.Join('\n', _logs.Select(l => l.ToString()).Where(t => t.Length > 0));

    /// <param name="expected">Reads what predictions are compared with, where that is asked for.</param>
    public async Task RunAsync(Table data, ExtraChecks extra, Func<Task<Table>> expected, CancellationToken cancellation)
    {
        var kept = data.Columns.Where(c => c.Name != target).ToList();
        var count = Math.Min(data.RowCount, MostRows);
        var rows = new Table(kept, data.RowCount).Take(Enumerable.Range(0, count).ToArray());
        await using var server = start(log =>
        {
            lock (_logs)
                _logs.Add(log);
        });
        if (!await CheckAsync(TestChecks.LongRunning, () => server.WarmAsync(cancellation)))
            return;
        if (server is IAnsweringModel { IsUnstructured: true } unstructured)
        {
            // It knows neither rows nor columns: the data goes in as a text.
            await CheckAsync(TestChecks.Error, () => unstructured.PassAsync(ModelAnswers.Csv(rows), cancellation));
            (_results[TestChecks.NullValues], _results[TestChecks.SideEffects]) = (new TestResult(TestStatus.Skipped, ""), new TestResult(TestStatus.Skipped, ""));
            return;
        }
        double[] first = [];
        if (!await CheckAsync(TestChecks.Error, async () => first = await AskAsync(server, rows, cancellation)))
            return;
        if (!await CheckAsync(TestChecks.NullValues, () => NullValuesAsync(server, rows, cancellation)))
            return;
        if (!await CheckAsync(TestChecks.SideEffects, () => SideEffectsAsync(server, rows, first, cancellation)) || rows.RowCount == 0)
            return;
        var more = new ExtraCheckRuns(rows, (some, stop) => AskAsync(server, some, stop), server, clock);
        if (extra.Verification is { } verification
            && !await CheckAsync(TestChecks.Verification, async () => Say(TestChecks.Verification, await more.VerifyAsync(verification, await expected(), cancellation))))
            return;
        if (extra.Performance is { } performance
            && !await CheckAsync(TestChecks.Performance, async () => Say(TestChecks.Performance, await more.PerformAsync(performance, cancellation))))
            return;
        if (extra.Stability is { } stability)
            await CheckAsync(TestChecks.Stability, async () => Say(TestChecks.Stability, await more.StabiliseAsync(stability, cancellation)));
    }

    private void Say(string check, string message) => _said[check] = message;

    /// <summary>Predictions; of answers that are no numbers, a number for each that is equal where the answers are.</summary>
    private static async Task<double[]> AskAsync(IModelRunner server, Table rows, CancellationToken cancellation)
    {
        if (server is not IAnsweringModel { HasNumbers: false } answering)
            return await server.PredictAsync(rows, cancellation);
        return [.. (await answering.AnswerAsync(rows, cancellation)).Select(a => BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(a))) * 1000.0)];
    }

    /// <summary>Whether the test goes on.</summary>
    private async Task<bool> CheckAsync(string check, Func<Task> work)
    {
        var mode = test.Mode(check);
        if (mode == TestMode.Skip)
        {
            _results[check] = new TestResult(TestStatus.Skipped, "");
            return true;
        }
        try
        {
            await work();
            _results[check] = new TestResult(TestStatus.Succeeded, _said.GetValueOrDefault(check, ""));
            return true;
        }
        catch (ModelHubException failure) when (failure.Code != "sandbox_missing")
        {
            _results[check] = new TestResult(mode == TestMode.Warn ? TestStatus.Warning : TestStatus.Failed, failure.Message);
            return mode == TestMode.Warn;
        }
    }

    /// <summary>Every column made missing in turn, in rows of its own.</summary>
    private static async Task NullValuesAsync(IModelRunner server, Table rows, CancellationToken cancellation)
    {
        var few = rows.Take([.. Enumerable.Range(0, Math.Min(rows.RowCount, 5))]);
        foreach (var column in few.Columns)
        {
            var empty = new TextColumn(column.Name, ColumnKind.Text, new string?[few.RowCount]);
            try
            {
                await AskAsync(server, new Table([.. few.Columns.Select(c => c == column ? empty : c)], few.RowCount), cancellation);
            }
            catch (ModelHubException failure)
            {
                throw new ModelHubException(failure.Kind, "null_values", $"Missing values in column '{column.Name}': {failure.Message}");
            }
        }
    }

    /// <summary>A row's prediction depends neither on the rows beside it nor on what was asked before.</summary>
    private static async Task SideEffectsAsync(IModelRunner server, Table rows, double[] first, CancellationToken cancellation)
    {
        var width = rows.RowCount == 0 ? 1 : first.Length / rows.RowCount;
        var count = Math.Min(rows.RowCount, MostRowsAgain);
        int[] order = [.. Enumerable.Range(0, count).Reverse().Where(r => r % 2 == 0)];
        foreach (var chosen in (int[][])[[.. Enumerable.Range(0, count)], order])
        {
            var again = await AskAsync(server, rows.Take(chosen), cancellation);
            for (var i = 0; i < chosen.Length * width; i++)
            {
                var (before, after) = (first[chosen[i / width] * width + i % width], again[i]);
                if (Math.Abs(before - after) > 1e-6 * Math.Max(1, Math.Abs(before)))
                {
                    throw ModelHubException.Conflict("side_effects", string.Create(
                        CultureInfo.InvariantCulture,
                        $"Row {chosen[i / width]} was predicted as {before}, then, asked among other rows, as {after}: predictions must depend on the row alone."));
                }
            }
        }
    }
}

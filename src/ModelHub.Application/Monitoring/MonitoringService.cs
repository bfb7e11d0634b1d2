using System.Globalization;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Monitoring;

/// <summary>From and to, hours; the last week when nothing is said.</summary>
public readonly record struct TimeRange(DateTimeOffset From, DateTimeOffset To);

/// <summary>What was done, in sum.</summary>
public sealed record ServingStats(
    Guid? ModelId, DateTimeOffset? StartsAt, long Requests, long Errors, long Rows, long Sampled, long Dropped,
    double? P50, double? P90, double? P99, long Compared, double? Agreement, double? MeanDifference);

/// <summary>A feature's or the predictions' drift from training: population stability index over its bins.</summary>
public sealed record ColumnDrift(string Name, double? Psi, string Level, IReadOnlyList<string> Bins, IReadOnlyList<double> Expected, IReadOnlyList<double> Actual);

public sealed record DriftReport(Guid ModelId, bool IsReady, long Rows, IReadOnlyList<ColumnDrift> Features, ColumnDrift? Predictions);

/// <summary>Metrics of predictions whose outcome is known.</summary>
public sealed record AccuracyReport(Guid ModelId, DateTimeOffset? Day, int Rows, IReadOnlyDictionary<string, double> Metrics);

/// <summary>How deployments do: requests, latency, drift, accuracy.</summary>
public sealed class MonitoringService(HubDbContext db, DeploymentService deployments, BaselineCache baselines, ModelCache models, TimeProvider clock)
{
    private const int MostOutcomes = 200_000;
    private const int MostActuals = 10_000;
    private const int RowsPerBin = 20;

    public async Task<(ServingStats Total, IReadOnlyList<ServingStats> Models, IReadOnlyList<ServingStats> Windows)> StatsAsync(
        Caller caller, Guid id, TimeRange range, CancellationToken cancellation)
    {
        var windows = await WindowsAsync(caller, id, range, cancellation);
        return (Sum(windows, null, null),
            [.. windows.GroupBy(w => w.ModelId).OrderBy(g => g.Key).Select(g => Sum(g, g.Key, null))],
            [.. windows.GroupBy(w => w.StartsAt).OrderBy(g => g.Key).Select(g => Sum(g, null, g.Key))]);
    }

    /// <summary>Drift of each model that has scored in the range.</summary>
    public async Task<IReadOnlyList<DriftReport>> DriftAsync(Caller caller, Guid id, TimeRange range, CancellationToken cancellation)
    {
        var windows = await WindowsAsync(caller, id, range, cancellation);
        var reports = new List<DriftReport>();
        foreach (var group in windows.GroupBy(w => w.ModelId).OrderBy(g => g.Key))
        {
            var baseline = await baselines.GetAsync(group.Key, cancellation);
            var counts = Added(group.Select(w => w.Features));
            if (baseline is null || counts.Length != baseline.Width)
            {
                reports.Add(new DriftReport(group.Key, baseline is not null, 0, [], null));
                continue;
            }
            var at = 0;
            var features = new List<ColumnDrift>();
            foreach (var column in baseline.Features)
            {
                features.Add(DriftOf(column, counts.AsSpan(at, column.Shares.Length)));
                at += column.Shares.Length;
            }
            reports.Add(new DriftReport(
                group.Key, true, group.Sum(w => w.Sampled), [.. features.OrderByDescending(f => f.Psi ?? -1)],
                DriftOf(baseline.Predictions, Added(group.Select(w => w.Predictions)))));
        }
        return reports;
    }

    /// <summary>Takes in what came true; a later word about the same row replaces an earlier one.</summary>
    public async Task<int> AddActualsAsync(Caller caller, Guid id, IReadOnlyList<(string AssociationId, string Value)> actuals, CancellationToken cancellation)
    {
        await deployments.GetAsync(caller, id, cancellation);
        if (actuals.Count is 0 or > MostActuals)
            throw ModelHubException.Invalid("actuals", $"1 to {MostActuals} outcomes are taken at once.");
        for (var i = 0; i < actuals.Count; i++)
        {
            if (actuals[i].AssociationId is not { Length: > 0 and <= 200 } || actuals[i].AssociationId.Contains('\0', StringComparison.Ordinal))
                throw ModelHubException.Invalid("actuals", $"Outcome {i}: 'association_id' has 1 to 200 characters.");
            if (actuals[i].Value is not { Length: <= 1000 } || actuals[i].Value.Contains('\0', StringComparison.Ordinal))
                throw ModelHubException.Invalid("actuals", $"Outcome {i}: 'actual' has at most 1000 characters.");
        }
        var last = actuals.GroupBy(a => a.AssociationId, StringComparer.Ordinal).Select(g => g.Last()).ToList();
        string[] names = [.. last.Select(a => a.AssociationId)];
        string[] values = [.. last.Select(a => a.Value)];
        await db.Database.ExecuteSqlAsync(
            $"""
             insert into actual_outcomes (deployment_id, association_id, value, at)
             select {id}, name, value, {clock.GetUtcNow()} from unnest({names}, {values}) u(name, value)
             on conflict (deployment_id, association_id) do update set value = excluded.value, at = excluded.at
             """, cancellation);
        return names.Length;
    }

    /// <summary>Metrics by model, over all and by day of the prediction; the newest outcomes when there are very many.</summary>
    public async Task<IReadOnlyList<AccuracyReport>> AccuracyAsync(Caller caller, Guid id, TimeRange range, CancellationToken cancellation)
    {
        await deployments.GetAsync(caller, id, cancellation);
        var pairs = await (from p in db.Set<KeptPrediction>().AsNoTracking()
                           join a in db.Set<ActualOutcome>() on new { p.DeploymentId, p.AssociationId } equals new { a.DeploymentId, a.AssociationId }
                           where p.DeploymentId == id && p.At >= range.From && p.At < range.To
                           orderby p.At descending
                           select new { p.ModelId, p.At, p.Outputs, a.Value }).Take(MostOutcomes).ToListAsync(cancellation);
        var reports = new List<AccuracyReport>();
        foreach (var model in pairs.GroupBy(p => p.ModelId).OrderBy(g => g.Key))
        {
            var loaded = await models.GetAsync(model.Key, cancellation);
            reports.Add(Measured(loaded, null, [.. model.Select(p => (p.Outputs, p.Value))]));
            foreach (var day in model.GroupBy(p => p.At.UtcDateTime.Date).OrderBy(g => g.Key))
                reports.Add(Measured(loaded, new DateTimeOffset(day.Key, TimeSpan.Zero), [.. day.Select(p => (p.Outputs, p.Value))]));
        }
        return reports;
    }

    private async Task<List<DeploymentWindow>> WindowsAsync(Caller caller, Guid id, TimeRange range, CancellationToken cancellation)
    {
        await deployments.GetAsync(caller, id, cancellation);
        if (range.To - range.From > TimeSpan.FromDays(400))
            throw ModelHubException.Invalid("from", "At most 400 days are told at once.");
        var first = range.From.AddHours(-1); // an hour that has begun before counts as well
        return await db.Set<DeploymentWindow>().AsNoTracking().Where(w => w.DeploymentId == id && w.StartsAt > first && w.StartsAt < range.To)
            .OrderBy(w => w.StartsAt).ToListAsync(cancellation);
    }

    private static AccuracyReport Measured(LoadedModel model, DateTimeOffset? day, List<(double[] Outputs, string Value)> pairs)
    {
        var labels = pairs.Select(p => LabelOf(model, p.Value)).ToArray();
        var fit = Enumerable.Range(0, labels.Length).Where(i => !double.IsNaN(labels[i]) && pairs[i].Outputs.Length == model.OutputCount).ToArray();
        if (fit.Length == 0)
            return new AccuracyReport(model.Id, day, 0, new Dictionary<string, double>());
        var metrics = EvaluationReport.Of(
            model.Task, model.Header.Classes, [.. fit.SelectMany(i => pairs[i].Outputs)], [.. fit.Select(i => labels[i])], model.Header.Threshold).Metrics;
        return new AccuracyReport(
            model.Id, day, fit.Length, metrics.Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal));
    }

    private static double LabelOf(LoadedModel model, string value)
    {
        if (model.Task == TaskKind.Regression)
            return double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : double.NaN;
        for (var k = 0; k < model.Header.Classes.Count; k++)
        {
            if (model.Header.Classes[k] == value)
                return k;
        }
        return double.NaN;
    }

    private static ServingStats Sum(IEnumerable<DeploymentWindow> windows, Guid? model, DateTimeOffset? startsAt)
    {
        var all = windows.ToList();
        var latencies = Added(all.Select(w => w.Latencies));
        var compared = all.Sum(w => w.Compared);
        return new ServingStats(
            model, startsAt, all.Sum(w => w.Requests), all.Sum(w => w.Errors), all.Sum(w => w.Rows), all.Sum(w => w.Sampled), all.Sum(w => w.Dropped),
            LatencySketch.Quantile(latencies, 0.5), LatencySketch.Quantile(latencies, 0.9), LatencySketch.Quantile(latencies, 0.99),
            compared, compared == 0 ? null : all.Sum(w => w.Agreed) / (double)compared, compared == 0 ? null : all.Sum(w => w.Difference) / compared);
    }

    private static long[] Added(IEnumerable<long[]> counts)
    {
        long[] sum = [];
        foreach (var one in counts)
        {
            if (one.Length > sum.Length)
                Array.Resize(ref sum, one.Length);
            for (var i = 0; i < one.Length; i++)
                sum[i] += one[i];
        }
        return sum;
    }

    /// <summary>
    /// PSI = sum of (actual − expected) · ln(actual / expected); shares are kept from zero. 0.1 and 0.25 are the usual marks. Of n rows without
    /// any drift about bins / n is to be expected, so that fewer than <see cref="RowsPerBin"/> for each bin tell nothing.
    /// </summary>
    private static ColumnDrift DriftOf(BaselineColumn column, ReadOnlySpan<long> counts)
    {
        const double Least = 1e-4;
        long total = 0;
        foreach (var count in counts)
            total += count;
        var actual = new double[column.Shares.Length];
        if (total == 0 || counts.Length != actual.Length)
            return new ColumnDrift(column.Name, null, "unknown", column.Labels, column.Shares, actual);
        var psi = 0.0;
        for (var b = 0; b < actual.Length; b++)
        {
            actual[b] = counts[b] / (double)total;
            var (a, e) = (Math.Max(Least, actual[b]), Math.Max(Least, column.Shares[b]));
            psi += (a - e) * Math.Log(a / e);
        }
        return new ColumnDrift(column.Name, psi, total < RowsPerBin * (long)actual.Length ? "unknown" : psi < 0.1 ? "none" : psi < 0.25 ? "moderate" : "significant", column.Labels, column.Shares, actual);
    }
}

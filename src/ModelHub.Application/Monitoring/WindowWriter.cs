using System.Buffers;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Monitoring;

/// <summary>How a shadow's predictions of a request differ from the answered ones.</summary>
/// <param name="Agreed">Rows of the same class, or of values that differ by less than a thousandth.</param>
/// <param name="Difference">Sum of the absolute differences of the positive probability, of the answered class's, or of the value.</param>
internal sealed record Comparison(long Rows, long Agreed, double Difference);

/// <summary>Adds notes up in memory, by deployment, model and hour, and writes the sums. For one thread.</summary>
public sealed class WindowWriter(IServiceScopeFactory scopes, BaselineCache baselines, TimeProvider clock)
{
    private readonly Dictionary<(Guid Deployment, Guid Model, DateTimeOffset Hour), Sum> _sums = [];
    private readonly Dictionary<(Guid Deployment, Guid Model, string Association), (double[] Outputs, DateTimeOffset At)> _kept = [];

    internal async ValueTask AddAsync(object note, CancellationToken cancellation)
    {
        switch (note)
        {
            case Answered answered:
                var counts = SumOf(answered.DeploymentId, answered.ModelId);
                counts.Requests++;
                counts.Errors += answered.IsError ? 1 : 0;
                counts.Rows += answered.Rows;
                counts.Latencies[LatencySketch.BucketOf(answered.Milliseconds)]++;
                break;
            case Sample sample:
                var baseline = await baselines.GetAsync(sample.Model.Id, cancellation);
                SumOf(sample.DeploymentId, sample.Model.Id).Add(sample, baseline);
                foreach (var kept in sample.Kept)
                    _kept[(sample.DeploymentId, sample.Model.Id, kept.AssociationId)] = (kept.Outputs, clock.GetUtcNow());
                ArrayPool<float>.Shared.Return(sample.Features);
                ArrayPool<double>.Shared.Return(sample.Outputs);
                break;
            case ValueTuple<Guid, Guid, Comparison> compared:
                SumOf(compared.Item1, compared.Item2).Add(compared.Item3);
                break;
        }
    }

    internal async Task WriteAsync(long dropped, CancellationToken cancellation)
    {
        if (_sums.Count == 0 && _kept.Count == 0)
            return;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        foreach (var (key, sum) in _sums.ToList())
        {
            await WriteAsync(db, key, sum, dropped, cancellation);
            dropped = 0;
            _sums.Remove(key);
        }
        foreach (var group in _kept.GroupBy(k => (k.Key.Deployment, k.Key.Model)).ToList())
        {
            await KeepAsync(db, group.Key.Deployment, group.Key.Model, [.. group], cancellation);
            foreach (var entry in group)
                _kept.Remove(entry.Key);
        }
    }

    private Sum SumOf(Guid deployment, Guid model)
    {
        var now = clock.GetUtcNow();
        var hour = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero);
        if (!_sums.TryGetValue((deployment, model, hour), out var sum))
            _sums.Add((deployment, model, hour), sum = new Sum());
        return sum;
    }

    /// <summary>Adds to the row that is there; of a deployment that was deleted meanwhile nothing is written.</summary>
    private static Task WriteAsync(
        HubDbContext db, (Guid Deployment, Guid Model, DateTimeOffset Hour) key, Sum sum, long dropped, CancellationToken cancellation) =>
        db.Database.ExecuteSqlAsync(
            $"""
             insert into deployment_windows as w (deployment_id, model_id, starts_at, requests, errors, rows, sampled, dropped, latencies, features,
                 predictions, compared, agreed, difference)
             select {key.Deployment}, {key.Model}, {key.Hour}, {sum.Requests}, {sum.Errors}, {sum.Rows}, {sum.Sampled}, {dropped}, {sum.Latencies},
                 {sum.Features}, {sum.Predictions}, {sum.Compared}, {sum.Agreed}, {sum.Difference}
             where exists (select from deployments d where d.id = {key.Deployment} for key share)
             on conflict (deployment_id, starts_at, model_id) do update set
                 requests = w.requests + excluded.requests, errors = w.errors + excluded.errors, rows = w.rows + excluded.rows,
                 sampled = w.sampled + excluded.sampled, dropped = w.dropped + excluded.dropped,
                 latencies = (select coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) order by i), array[]::bigint[])
                     from unnest(w.latencies, excluded.latencies) with ordinality u(a, b, i)),
                 features = (select coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) order by i), array[]::bigint[])
                     from unnest(w.features, excluded.features) with ordinality u(a, b, i)),
                 predictions = (select coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) order by i), array[]::bigint[])
                     from unnest(w.predictions, excluded.predictions) with ordinality u(a, b, i)),
                 compared = w.compared + excluded.compared, agreed = w.agreed + excluded.agreed, difference = w.difference + excluded.difference
             """, cancellation);

    private static async Task KeepAsync(
        HubDbContext db, Guid deployment, Guid model, List<KeyValuePair<(Guid, Guid, string Association), (double[] Outputs, DateTimeOffset At)>> kept,
        CancellationToken cancellation)
    {
        string[] names = [.. kept.Select(k => k.Key.Association)];
        string[] outputs = [.. kept.Select(k => $"{{{string.Join(',', k.Value.Outputs.Select(o => o.ToString("R", CultureInfo.InvariantCulture)))}}}")];
        DateTimeOffset[] times = [.. kept.Select(k => k.Value.At)];
        await db.Database.ExecuteSqlAsync(
            $"""
             insert into kept_predictions (deployment_id, model_id, association_id, outputs, at)
             select {deployment}, {model}, name, outputs::double precision[], at from unnest({names}, {outputs}, {times}) u(name, outputs, at)
             where exists (select from deployments d where d.id = {deployment} for key share)
             on conflict (deployment_id, association_id, model_id) do update set outputs = excluded.outputs, at = excluded.at
             """, cancellation);
    }

    private sealed class Sum
    {
        public long Requests { get; set; }

        public long Errors { get; set; }

        public long Rows { get; set; }

        public long Sampled { get; private set; }

        public long[] Latencies { get; } = new long[LatencySketch.Buckets];

        public long[] Features { get; private set; } = [];

        public long[] Predictions { get; private set; } = [];

        public long Compared { get; private set; }

        public long Agreed { get; private set; }

        public double Difference { get; private set; }

        public void Add(Comparison comparison) =>
            (Compared, Agreed, Difference) = (Compared + comparison.Rows, Agreed + comparison.Agreed, Difference + comparison.Difference);

        public void Add(Sample sample, Baseline? baseline)
        {
            if (baseline is null || baseline.Features.Count != (sample.Model.Trained?.FeatureCount ?? 0))
                return;
            if (Features.Length == 0)
                (Features, Predictions) = (new long[baseline.Width], new long[baseline.Predictions.Shares.Length]);
            Sampled += sample.Rows;
            var width = baseline.Features.Count;
            for (var r = 0; r < sample.Rows; r++)
            {
                var start = 0;
                for (var f = 0; f < width; f++)
                {
                    Features[start + baseline.Features[f].BinOf(sample.Features[r * width + f])]++;
                    start += baseline.Features[f].Shares.Length;
                }
                var outputs = sample.Outputs.AsSpan(r * sample.Model.OutputCount, sample.Model.OutputCount);
                Predictions[baseline.Predictions.BinOf(Baseline.Prediction(outputs, sample.Model.Task))]++;
            }
        }
    }
}

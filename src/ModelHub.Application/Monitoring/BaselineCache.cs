using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Monitoring;

/// <summary>Baselines in memory; one that is not there yet is asked for again after a while.</summary>
public sealed class BaselineCache(IServiceScopeFactory scopes, TimeProvider clock)
{
    private const int Most = 1000;
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<Guid, (Baseline? Baseline, DateTimeOffset AskedAt)> _known = [];

    public async ValueTask<Baseline?> GetAsync(Guid modelId, CancellationToken cancellation)
    {
        if (_known.TryGetValue(modelId, out var known) && (known.Baseline is not null || clock.GetUtcNow() - known.AskedAt < Again))
            return known.Baseline;
        await using var scope = scopes.CreateAsyncScope();
        var found = await scope.ServiceProvider.GetRequiredService<HubDbContext>().Set<ModelBaseline>().AsNoTracking()
            .FirstOrDefaultAsync(b => b.ModelId == modelId, cancellation);
        if (_known.Count >= Most)
            _known.Clear();
        _known[modelId] = (found?.Baseline, clock.GetUtcNow());
        return found?.Baseline;
    }
}

using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>The rows that predictions of versions are compared with, in memory: read again once a minute, kept while the database is away.</summary>
public sealed class ExplanationBaselines(IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<Guid, (ExplanationBaseline Baseline, long Read)> _known = new();

    /// <summary>Null when explanations of the version were never initialised.</summary>
    public async ValueTask<ExplanationBaseline?> FindAsync(Guid versionId, CancellationToken cancellation)
    {
        var isKnown = _known.TryGetValue(versionId, out var known);
        if (isKnown && clock.GetElapsedTime(known.Read) < Fresh)
            return known.Baseline;
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var found = await scope.ServiceProvider.GetRequiredService<HubDbContext>().Set<VersionInsight>().AsNoTracking()
                .FirstOrDefaultAsync(i => i.VersionId == versionId && i.Kind == InsightKind.Explanations, cancellation);
            if (found is null)
                return null;
            var baseline = JsonSerializer.Deserialize<ExplanationBaseline>(found.Content, StoredJson.Options)!;
            _known[versionId] = (baseline, clock.GetTimestamp());
            return baseline;
        }
        catch (Exception away) when (isKnown && DatabaseDown.Is(away))
        {
            return known.Baseline;
        }
    }
}

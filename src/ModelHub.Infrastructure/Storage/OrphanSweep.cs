using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Storage;
using ModelHub.Infrastructure.Artifacts;

namespace ModelHub.Infrastructure.Storage;

/// <summary>
/// Removes artifacts that no row names. A row goes first, in a transaction that its references would block; bytes without a row go when
/// they are older than the grace, since a writer stores bytes before the row. Answers that were kept for retries go when their day is over, and temporary files with
/// the process that made them.
/// </summary>
internal sealed class OrphanSweep(LocalArtifactStore store, IServiceScopeFactory scopes, TimeProvider clock, ILogger<OrphanSweep> log) : BackgroundService
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    public async Task<int> SweepAsync(TimeSpan grace, CancellationToken cancellation)
    {
        var before = clock.GetUtcNow() - grace;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        await db.Database.ExecuteSqlRawAsync(Unnamed(db), [before], cancellation);
        var swept = store.SweepTemporary(before);
        await foreach (var (sha256, written) in store.ListAsync(cancellation))
        {
            if (written >= before || await db.Artifacts.AnyAsync(a => a.Sha256 == sha256, cancellation))
                continue;
            swept += store.DeleteOlder(sha256, before) ? 1 : 0;
        }
        return swept;
    }

    private async Task ForgetRetriesAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        await db.Database.ExecuteSqlAsync($"delete from idempotent_requests where expires_at < now()", cancellation);
    }

    /// <summary>Whatever has a foreign key to an artifact names it.</summary>
    private static string Unnamed(HubDbContext db)
    {
        var references = db.Model.FindEntityType(typeof(Artifact))!.GetReferencingForeignKeys()
            .Select(key => (Table: key.DeclaringEntityType.GetTableName(), Column: key.Properties[0].GetColumnName()));
        return "delete from artifacts a where created_at < {0}"
            + string.Concat(references.Select(r => $" and not exists (select from {r.Table} r where r.{r.Column} = a.sha256)"));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await ForgetRetriesAsync(stoppingToken);
                if (Scratch.Sweep() is > 0 and var left)
                    log.LogInformation("Removed what killed processes left among the temporary files: {Count} folders", left);
                if (await SweepAsync(Grace, stoppingToken) is > 0 and var swept)
                    log.LogInformation("Swept {Count} files that nothing named", swept);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("The sweep was interrupted: {Reason}", failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}

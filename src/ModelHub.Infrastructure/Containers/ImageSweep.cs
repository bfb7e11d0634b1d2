using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Environments;
using ModelHub.Application.Storage;

namespace ModelHub.Infrastructure.Containers;

/// <summary>
/// Takes images out of the engine that nothing runs in any more: their environment was deleted, or they came of a build whose end nobody
/// recorded. A name goes when two rounds in a row found no use for it: whoever builds an image names it before the row, and is done within one.
/// </summary>
internal sealed class ImageSweep(ContainerEngine engine, ImageNames names, IServiceScopeFactory scopes, TimeProvider clock, ILogger<ImageSweep> log)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private HashSet<string> _unused = [];

    /// <summary>How many names were taken away.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        if (!names.HasAny)
            return 0;
        var own = await engine.OwnAsync(cancellation);
        var used = await UsedAsync(cancellation);
        var unused = own.Where(i => !used.Contains(i.Value)).Select(i => i.Key).ToHashSet(StringComparer.Ordinal);
        var removed = 0;
        foreach (var name in unused.Where(_unused.Contains))
            removed += await engine.ForgetAsync(name, cancellation) ? 1 : 0;
        _unused = unused;
        return removed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (await SweepAsync(stoppingToken) is > 0 and var swept)
                    log.LogInformation("Took {Count} images that nothing runs in out of the container engine", swept);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Images that nothing runs in could not be removed: {Reason}", failure.Message);
            }
        }
    }

    /// <summary>Images of environments that are not deleted, or that versions of custom models were made for before.</summary>
    private async Task<HashSet<string>> UsedAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        var images = await db.Set<EnvironmentVersion>()
            .Where(v => v.EngineImage != null && (db.Set<ExecutionEnvironment>().Any(e => e.Id == v.EnvironmentId && e.DeletedAt == null)
                || db.Set<CustomModelVersion>().Any(m => m.EnvironmentVersionId == v.Id)))
            .Select(v => v.EngineImage!).ToListAsync(cancellation);
        return images.ToHashSet(StringComparer.Ordinal);
    }
}

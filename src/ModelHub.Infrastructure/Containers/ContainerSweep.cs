using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application.Errors;

namespace ModelHub.Infrastructure.Containers;

/// <summary>
/// Removes the containers of this process when it stops, and those of processes of the hub that were killed. An engine is asked only when there
/// was such a process.
/// </summary>
internal sealed class ContainerSweep(EngineSocket engine, ContainerOwner owner, TimeProvider clock, ILogger<ContainerSweep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>How many were removed.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        var swept = 0;
        foreach (var dead in owner.Dead())
        {
            using (dead)
            {
                swept += await RemoveAsync(dead.Name, cancellation);
                dead.Forget();
            }
        }
        return swept;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (!owner.IsHeld)
            return;
        try
        {
            await RemoveAsync(owner.Name, cancellationToken);
            owner.Forget();
        }
        catch (Exception failure) when (failure is ModelHubException or OperationCanceledException or IOException or JsonException)
        {
            // The engine does not answer: whoever starts next finds the name and sweeps.
            log.LogWarning("Containers could not be removed: {Reason}", failure.Message);
        }
    }

    private async Task<int> RemoveAsync(string name, CancellationToken cancellation)
    {
        var filters = Uri.EscapeDataString(JsonSerializer.Serialize(new { label = new[] { $"{ContainerOwner.Label}={name}" } }));
        using var answer = await engine.SendAsync(HttpMethod.Get, $"/containers/json?all=1&filters={filters}", null, cancellation);
        using var found = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
        var removed = 0;
        foreach (var container in found.RootElement.EnumerateArray())
        {
            try
            {
                (await engine.SendAsync(HttpMethod.Delete, $"/containers/{container.GetProperty("Id").GetString()}?force=1&v=1", null, cancellation)).Dispose();
                removed++;
            }
            catch (ModelHubException gone) when (gone.Kind == ErrorKind.NotFound)
            {
                // It ended meanwhile, and its own process's end removed it.
            }
        }
        return removed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                if (await SweepAsync(stoppingToken) is > 0 and var swept)
                    log.LogInformation("Removed {Count} containers of processes that were killed", swept);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Containers of processes that were killed could not be removed: {Reason}", failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}

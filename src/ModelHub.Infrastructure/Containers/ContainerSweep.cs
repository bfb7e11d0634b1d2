using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ModelHub.Infrastructure.Containers;

/// <summary>Removes the containers of processes of the hub that were killed. An engine is asked only when there was such a process.</summary>
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
                var filters = Uri.EscapeDataString(JsonSerializer.Serialize(new { label = new[] { $"{ContainerOwner.Label}={dead.Name}" } }));
                using var answer = await engine.SendAsync(HttpMethod.Get, $"/containers/json?all=1&filters={filters}", null, cancellation);
                using var found = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
                foreach (var container in found.RootElement.EnumerateArray())
                {
                    var id = container.GetProperty("Id").GetString();
                    (await engine.SendAsync(HttpMethod.Delete, $"/containers/{id}?force=1&v=1", null, cancellation)).Dispose();
                    swept++;
                }
                dead.Forget();
            }
        }
        return swept;
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
        while (await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(t => t.IsCompletedSuccessfully && t.Result, TaskScheduler.Default));
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application;
using Npgsql;

namespace ModelHub.Infrastructure.Storage;

/// <summary>Hears what other processes (and this one) have committed. While the connection is away, caches live by their expiry.</summary>
internal sealed class NotificationListener(
    NpgsqlDataSource source, ChangeFeed changes, TimeProvider clock, ILogger<NotificationListener> log) : BackgroundService
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Ends with the next notification of a channel; wait for it beside something that can be cancelled.</summary>
    public Task NextAsync(string channel) =>
        _waiting.GetOrAdd(channel, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                log.LogWarning("Listening to PostgreSQL was interrupted: {Reason}", failure.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        connection.Notification += (_, heard) => Hear(heard.Channel, heard.Payload);
        foreach (var channel in new[] { Notifications.Jobs, Notifications.Keys, Notifications.Serving })
        {
            await using var listen = new NpgsqlCommand($"listen {channel}", connection);
            await listen.ExecuteNonQueryAsync(cancellation);
            Hear(channel, "");  // what was said while nobody listened
        }
        while (!cancellation.IsCancellationRequested)
            await connection.WaitAsync(cancellation);
    }

    private void Hear(string channel, string payload)
    {
        changes.Publish(channel, payload);
        if (_waiting.TryRemove(channel, out var waiting))
            waiting.TrySetResult();
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Deployments;

/// <summary>A process that scores, as the others know it.</summary>
public sealed class ServingNode
{
    public Guid Id { get; init; }

    public DateTimeOffset SeenAt { get; init; }
}

/// <summary>The revision of a deployment that a process serves; 0 when it serves none any more.</summary>
public sealed class ServingConfirmation
{
    public Guid NodeId { get; init; }

    public Guid DeploymentId { get; init; }

    public long Revision { get; init; }
}

/// <summary>
/// Makes an acknowledgement true on every process: each tells which revision it serves, and a change is acknowledged when all that are
/// alive have told. A process that is not heard of for <see cref="Lost"/> is not waited for.
/// </summary>
public sealed class ServingNodes(
    IServiceScopeFactory scopes, DeploymentCache cache, ChangeFeed changes, TimeProvider clock, ILogger<ServingNodes> log) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Lost = TimeSpan.FromSeconds(10);
    private readonly Guid _self = HubId.New(clock.GetUtcNow());

    /// <summary>Waits until every process serves a revision, or no longer serves the deployment.</summary>
    /// <param name="revision">Null when it was deleted.</param>
    internal async Task ConfirmAsync(Guid deploymentId, long? revision, CancellationToken cancellation)
    {
        try
        {
            await cache.RefreshAsync(deploymentId, cancellation);
        }
        catch (ModelHubException gone) when (gone.Kind == ErrorKind.NotFound && revision is null)
        {
            // as it should be
        }
        var deadline = clock.GetUtcNow() + Lost + Beat;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        while (await OthersBehindAsync(db, deploymentId, revision ?? long.MaxValue, cancellation) && clock.GetUtcNow() < deadline)
            await Task.Delay(TimeSpan.FromMilliseconds(10), clock, cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        changes.Heard += (channel, payload) =>
        {
            if (channel == Notifications.Serving && Notifications.IdOf(payload) is { } id)
                _ = TellQuietlyAsync(id, Notifications.RevisionOf(payload));
        };
        using var timer = new PeriodicTimer(Beat, clock);
        do
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await BeatAsync(scope.ServiceProvider.GetRequiredService<HubDbContext>(), stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogDebug("This process could not say that it serves: {Reason}", failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<HubDbContext>().Set<ServingNode>().Where(n => n.Id == _self).ExecuteDeleteAsync(cancellationToken);
        }
        catch (Exception failure)
        {
            log.LogDebug("This process could not say goodbye: {Reason}", failure.Message);
        }
    }

    private async Task BeatAsync(HubDbContext db, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await db.Database.ExecuteSqlAsync(
            $"insert into serving_nodes (id, seen_at) values ({_self}, {now}) on conflict (id) do update set seen_at = excluded.seen_at", cancellation);
        var dead = now - Lost * 6;
        await db.Set<ServingNode>().Where(n => n.SeenAt < dead).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>Others that are alive, were there before the change, and have not told yet. A deployment that they never served needs no telling.</summary>
    private async Task<bool> OthersBehindAsync(HubDbContext db, Guid deploymentId, long revision, CancellationToken cancellation)
    {
        var alive = clock.GetUtcNow() - Lost;
        return await db.Set<ServingNode>().Where(n => n.Id != _self && n.SeenAt > alive)
            .AnyAsync(n => !db.Set<ServingConfirmation>().Any(c => c.NodeId == n.Id && c.DeploymentId == deploymentId && c.Revision >= revision), cancellation);
    }

    /// <summary>What is not in memory is read when it is asked for, so it is never behind.</summary>
    private async Task TellQuietlyAsync(Guid id, long heard)
    {
        try
        {
            var revision = cache.Holds(id) ? await RevisionAsync(id) : heard;
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<HubDbContext>().Database.ExecuteSqlAsync(
                $"""
                 insert into serving_confirmations (node_id, deployment_id, revision) values ({_self}, {id}, {revision})
                 on conflict (node_id, deployment_id) do update set revision = excluded.revision
                 """);
        }
        catch (Exception failure)
        {
            log.LogDebug("This process could not say what it serves: {Reason}", failure.Message);
        }
    }

    private async Task<long> RevisionAsync(Guid id)
    {
        try
        {
            return (await cache.RefreshAsync(id, CancellationToken.None)).Revision;
        }
        catch (ModelHubException gone) when (gone.Kind == ErrorKind.NotFound)
        {
            return long.MaxValue;
        }
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Monitoring;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Deployments;

/// <summary>Makes a change of a deployment durable, told to every process, and confirmed by all of them, in this order.</summary>
public sealed class DeploymentCommits(HubDbContext db, JobService jobs, ServingNodes nodes, TimeProvider clock)
{
    internal const string ChangedMeanwhile = "changed_meanwhile";

    internal async Task CommitAsync(
        Deployment deployment, DeploymentEvent change, IDbContextTransaction transaction, CancellationToken cancellation)
    {
        db.Add(change);
        foreach (var model in deployment.Models)
        {
            if (await BaselineHandler.NeedsAsync(db, model.ModelId, cancellation))
                await jobs.EnqueueAsync(BaselineHandler.JobFor(deployment, model.ModelId, clock.GetUtcNow()), cancellation);
        }
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateConcurrencyException)
        {
            throw ModelHubException.Conflict(ChangedMeanwhile, "The deployment was changed by another request meanwhile; read it again.");
        }
        await NotifyAsync($"{deployment.Id}:{deployment.Revision}", cancellation);
        await transaction.CommitAsync(cancellation);
        await nodes.ConfirmAsync(deployment.Id, deployment.Revision, cancellation);
    }

    internal async Task DeleteAsync(Guid id, CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Set<Deployment>().Where(d => d.Id == id).ExecuteDeleteAsync(cancellation);
        await NotifyAsync(id.ToString(), cancellation);
        await transaction.CommitAsync(cancellation);
        await nodes.ConfirmAsync(id, null, cancellation);
    }

    private Task NotifyAsync(string payload, CancellationToken cancellation) =>
        db.NotifyAsync(Notifications.Serving, payload, cancellation);
}

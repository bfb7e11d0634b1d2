using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Deployments;

/// <summary>What became of a deployment: who changed what, when and why.</summary>
public sealed class DeploymentHistory(HubDbContext db, DeploymentService deployments)
{
    /// <summary>Its changes, the last first.</summary>
    public async Task<Page<DeploymentEvent>> ListAsync(Caller caller, Guid id, Paging paging, CancellationToken cancellation)
    {
        await deployments.GetAsync(caller, id, cancellation);
        var events = db.Set<DeploymentEvent>().AsNoTracking().Where(e => e.DeploymentId == id);
        return await events.OrderByDescending(e => e.At).ThenByDescending(e => e.Id).ToPageAsync(paging, cancellation);
    }

    /// <summary>The last change up to a time: what was serving then.</summary>
    public async Task<DeploymentEvent> AsOfAsync(Caller caller, Guid id, DateTimeOffset at, CancellationToken cancellation)
    {
        await deployments.GetAsync(caller, id, cancellation);
        return await db.Set<DeploymentEvent>().AsNoTracking().Where(e => e.DeploymentId == id && e.At <= at)
            .OrderByDescending(e => e.At).ThenByDescending(e => e.Id).FirstOrDefaultAsync(cancellation)
            ?? throw new ModelHubException(ErrorKind.NotFound, "not_yet", "The deployment did not exist at that time.");
    }
}

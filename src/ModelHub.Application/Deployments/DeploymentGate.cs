using System.IO.Pipelines;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Deployments;

/// <summary>Lets requests in: whose they are, what serves them. Asks no database when the deployment is in memory.</summary>
public sealed class DeploymentGate(DeploymentCache deployments, MembershipCache memberships, TimeProvider clock)
{
    private const int PeekBytes = 256 << 10;

    /// <exception cref="ModelHubException">Unknown to the caller (404), or paused (409).</exception>
    public async ValueTask<ServedDeployment> OpenAsync(Caller caller, string deploymentId, CancellationToken cancellation)
    {
        if (!HubId.TryParse(deploymentId, out var id))
            throw Unknown(caller, deploymentId);
        ServedDeployment served;
        try
        {
            served = await deployments.GetAsync(id, cancellation);
        }
        catch (ModelHubException gone) when (gone.Kind == ErrorKind.NotFound)
        {
            throw Unknown(caller, deploymentId);
        }
        if (!await memberships.IsMemberAsync(caller, served.ProjectId, cancellation))
            throw Unknown(caller, deploymentId);
        if (served.Status == DeploymentStatus.Paused)
            throw new ModelHubException(ErrorKind.WrongState, "paused", "The deployment is paused; resume it to score.");
        return served;
    }

    /// <summary>A deployment as it is served, paused or not.</summary>
    public async ValueTask<ServedDeployment> FindAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var served = await deployments.GetAsync(id, cancellation);
        return await memberships.IsMemberAsync(caller, served.ProjectId, cancellation) ? served : throw ModelHubException.NotFound("deployment");
    }

    /// <summary>Which model answers: by the first row's key column, by a key of the request's own, or by chance.</summary>
    public async ValueTask<LoadedModel> ChooseAsync(
        ServedDeployment served, string? key, PipeReader body, RowFormat format, CancellationToken cancellation)
    {
        if (!served.IsShared)
            return served.Champion;
        if (key is null && served.Settings.StickyBy is { } column)
        {
            var read = await body.ReadAtLeastAsync(PeekBytes, cancellation);
            key = FirstCell.Find(served.Champion, format, column, read);
            body.AdvanceTo(read.Buffer.Start);
        }
        return served.Choose(key, clock.GetUtcNow());
    }

    private static ModelHubException Unknown(Caller caller, string id) => new(
        ErrorKind.NotFound, "not_found", $"Deployment {(id.Length > 100 ? id[..100] : id)} cannot be found for user {caller.Username}");
}

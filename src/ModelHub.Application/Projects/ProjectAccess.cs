using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Projects;

/// <summary>The one place that decides who may do what. Who may not see a thing is told that it does not exist.</summary>
public sealed class ProjectAccess(HubDbContext db, ProjectQuota quota)
{
    /// <summary>See <see cref="ProjectQuota.RequireRoomAsync"/>.</summary>
    internal Task RequireRoomAsync(Guid projectId, IEnumerable<StoredArtifact> coming, CancellationToken cancellation) =>
        quota.RequireRoomAsync(db, projectId, coming, cancellation);

    public IQueryable<Project> Visible(Caller caller) =>
        db.Projects.Where(p => db.ProjectMembers.Any(m => m.ProjectId == p.Id && m.UserId == caller.UserId));

    /// <summary>Ids of the projects that a caller is a member of, as a subquery.</summary>
    public IQueryable<Guid> VisibleIds(Caller caller) => db.ProjectMembers.Where(m => m.UserId == caller.UserId).Select(m => m.ProjectId);

    /// <param name="noun">What is said not to exist: the thing that was asked for, so that the answer is the same as for an unknown id.</param>
    public async Task RequireAsync(Caller caller, Guid projectId, ProjectRole least, string noun, CancellationToken cancellation)
    {
        var roles = await db.ProjectMembers.Where(m => m.ProjectId == projectId && m.UserId == caller.UserId)
            .Select(m => m.Role).ToListAsync(cancellation);
        if (roles.Count == 0)
            throw ModelHubException.NotFound(noun);
        if (roles[0] < least)
            throw ModelHubException.Forbidden($"This needs the role '{least.ToString().ToLowerInvariant()}' in the project.");
    }
}

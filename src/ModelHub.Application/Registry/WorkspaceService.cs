using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Registry;

/// <summary>A project as the registry sees it.</summary>
public sealed record Workspace(Project Project, string CreatedBy, IReadOnlyList<(string Username, ProjectRole Role)> Members);

/// <summary>Projects by their numbers.</summary>
public sealed class WorkspaceService(HubDbContext db, ProjectAccess access, ProjectService projects)
{
    private const int MostListed = 10_000;

    /// <summary>The caller's, the oldest first.</summary>
    public async Task<IReadOnlyList<Workspace>> ListAsync(Caller caller, CancellationToken cancellation) =>
        await OfAsync(access.Visible(caller).OrderBy(p => p.Number).Take(MostListed), cancellation);

    public async Task<Workspace> CreateAsync(Caller caller, string? name, CancellationToken cancellation)
    {
        var made = await projects.CreateAsync(caller, name, null, cancellation);
        return (await OfAsync(db.Projects.Where(p => p.Id == made.Id), cancellation))[0];
    }

    /// <summary>See <see cref="ProjectQuota.RequireRoomAsync"/>.</summary>
    internal Task RequireRoomAsync(Workspace workspace, StoredArtifact coming, CancellationToken cancellation) =>
        access.RequireRoomAsync(workspace.Project.Id, [coming], cancellation);

    /// <exception cref="ModelHubException">Unknown to the caller (404), or the caller's role is too small (403).</exception>
    public async Task<Workspace> GetAsync(Caller caller, long number, ProjectRole least, CancellationToken cancellation)
    {
        var found = await OfAsync(db.Projects.Where(p => p.Number == number), cancellation);
        if (found.Count == 0)
            throw ModelHubException.NotFound("workspace");
        await access.RequireAsync(caller, found[0].Project.Id, least, "workspace", cancellation);
        return found[0];
    }

    private async Task<IReadOnlyList<Workspace>> OfAsync(IQueryable<Project> rows, CancellationToken cancellation)
    {
        var found = await rows.AsNoTracking().Include(p => p.Members).ToListAsync(cancellation);
        var ids = found.SelectMany(p => p.Members.Select(m => m.UserId).Append(p.OwnerId)).Distinct().ToList();
        var names = await db.Users.Where(u => ids.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.Username, cancellation);
        return [.. found.Select(p => new Workspace(
            p, names.GetValueOrDefault(p.OwnerId, ""),
            [.. p.Members.Select(m => (names.GetValueOrDefault(m.UserId, ""), m.Role)).OrderBy(m => m.Item1)]))];
    }
}

using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Projects;

/// <summary>Projects and who may use them.</summary>
public sealed class ProjectService(HubDbContext db, ProjectAccess access, JobService jobs, TimeProvider clock)
{
    public async Task<Project> CreateAsync(Caller caller, string? name, string? description, CancellationToken cancellation)
    {
        name = Names.Checked(name);
        if (description?.Length > 10_000)
            throw ModelHubException.Invalid("description", "The description may have 10,000 characters.");
        var project = new Project(name, description, caller.UserId, clock.GetUtcNow());
        db.Projects.Add(project);
        await db.SaveOrConflictAsync("project_name_taken", $"A project called '{name}' already exists.", cancellation);
        return project;
    }

    public async Task<Page<Project>> ListAsync(Caller caller, string? search, Paging paging, CancellationToken cancellation)
    {
        var visible = access.Visible(caller).AsNoTracking();
        if (!string.IsNullOrEmpty(search))
            visible = visible.Where(p => EF.Functions.ILike(p.Name, LikePattern.Containing(search), "\\"));
        return await visible.NewestFirstAsync(paging, cancellation);
    }

    public async Task<Project> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, id, ProjectRole.Viewer, "project", cancellation);
        return await db.Projects.AsNoTracking().FirstOrDefaultAsync(p => p.Id == id, cancellation) ?? throw ModelHubException.NotFound("project");
    }

    /// <summary>A project of the caller's own by its name.</summary>
    public async Task<Project> GetByNameAsync(Caller caller, string name, CancellationToken cancellation) =>
        await db.Projects.AsNoTracking().FirstOrDefaultAsync(p => p.OwnerId == caller.UserId && p.Name == name, cancellation)
        ?? throw ModelHubException.NotFound("project");

    public async Task<Project> RenameAsync(Caller caller, Guid id, string? name, string? description, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, id, ProjectRole.Owner, "project", cancellation);
        var project = await db.Projects.FirstOrDefaultAsync(p => p.Id == id, cancellation) ?? throw ModelHubException.NotFound("project");
        project.Rename(name is null ? project.Name : Names.Checked(name), description ?? project.Description);
        await db.SaveOrConflictAsync("project_name_taken", $"A project called '{name}' already exists.", cancellation);
        return project;
    }

    /// <summary>Deletes a project with everything in it; what runs for it is cancelled.</summary>
    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, id, ProjectRole.Owner, "project", cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await RemoveAsync(id, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>The deletion itself, within the caller's transaction.</summary>
    internal async Task RemoveAsync(Guid id, CancellationToken cancellation)
    {
        await DeployedModels.RequireFreeProjectAsync(db, id, cancellation);
        await jobs.CancelOfProjectAsync(id, cancellation);
        await db.Projects.Where(p => p.Id == id).ExecuteDeleteAsync(cancellation);
        await db.NotifyAsync(Notifications.Serving, "", cancellation);
    }

    public async Task<IReadOnlyList<(string Username, ProjectRole Role)>> MembersAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, id, ProjectRole.Viewer, "project", cancellation);
        var members = await (from member in db.ProjectMembers
                             join user in db.Users on member.UserId equals user.Id
                             where member.ProjectId == id
                             orderby user.Username
                             select new { user.Username, member.Role }).ToListAsync(cancellation);
        return [.. members.Select(m => (m.Username, m.Role))];
    }

    /// <summary>Gives a user a role, or with null takes it away; a project never loses its last owner.</summary>
    public async Task ShareAsync(Caller caller, Guid id, string username, ProjectRole? role, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, id, ProjectRole.Owner, "project", cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var project = await db.Projects.Include(p => p.Members).FirstOrDefaultAsync(p => p.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("project");
        var user = await db.Users.FirstOrDefaultAsync(u => u.Username == username, cancellation) ?? throw ModelHubException.NotFound("user");
        var member = project.Members.Find(m => m.UserId == user.Id);
        if (role is null && member is not null)
            project.Members.Remove(member);
        else if (role is not null && member is null)
            project.Members.Add(new ProjectMember(id, user.Id, role.Value));
        else if (role is not null)
            member!.Become(role.Value);
        if (!project.Members.Exists(m => m.Role == ProjectRole.Owner))
            throw ModelHubException.Conflict("last_owner", "A project cannot be left without an owner.");
        await db.SaveChangesAsync(cancellation);
        await db.NotifyAsync(Notifications.Keys, "", cancellation);
        await transaction.CommitAsync(cancellation);
    }
}

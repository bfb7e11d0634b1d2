using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Identity;

/// <summary>Takes a user out of the hub, and nothing away from others: their row stays, without a name, as the maker of what others use.</summary>
public sealed class UserDeletion(HubDbContext db, ProjectService projects, TimeProvider clock)
{
    /// <summary>
    /// Deletes a user with the keys and the projects that nobody else owns; a project with another owner becomes that one's, and an environment that
    /// nobody else owns an administrator's. The last administrator stays.
    /// </summary>
    /// <exception cref="ModelHubException">409: the last administrator, a project with deployments, or a name that the next owner uses already.</exception>
    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        caller.RequireAdmin();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var administrators = await db.Users.FromSql($"select * from users where is_admin order by created_at for update").ToListAsync(cancellation);
        var user = await db.Users.FirstOrDefaultAsync(u => u.Id == id && u.DeletedAt == null, cancellation) ?? throw ModelHubException.NotFound("user");
        var heir = administrators.Find(a => a.Id == caller.UserId && a != user) ?? administrators.Find(a => a != user)
            ?? throw ModelHubException.Conflict("last_administrator", "The last administrator cannot be deleted.");
        foreach (var project in await db.Projects.Include(p => p.Members).Where(p => p.OwnerId == id).OrderBy(p => p.Id).ToListAsync(cancellation))
        {
            if (project.Members.Find(m => m.UserId != id && m.Role == ProjectRole.Owner) is { } other)
                project.GiveTo(other.UserId);
            else
                await projects.RemoveAsync(project.Id, cancellation);
        }
        foreach (var environment in await db.Set<ExecutionEnvironment>().Include(e => e.Grants).Where(e => e.Grants.Any(g => g.UserId == id)).ToListAsync(cancellation))
            environment.Bequeath(id, heir.Id);
        user.Delete(clock.GetUtcNow());
        await db.SaveOrConflictAsync(
            "project_name_taken", "A project of theirs has another owner, who has one of the same name already; rename one of the two first.", cancellation);
        await db.ProjectMembers.Where(m => m.UserId == id).ExecuteDeleteAsync(cancellation);
        await db.Set<CustomModelGrant>().Where(g => g.UserId == id).ExecuteDeleteAsync(cancellation);
        await db.ApiKeys.Where(k => k.UserId == id).ExecuteDeleteAsync(cancellation);
        await db.NotifyAsync(Notifications.Keys, "", cancellation);
        await transaction.CommitAsync(cancellation);
    }
}

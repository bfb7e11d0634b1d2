using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Environments;

/// <summary>An environment as it is shown.</summary>
public sealed record EnvironmentView(
    ExecutionEnvironment Environment, EnvironmentVersion? Latest, EnvironmentVersion? LatestSuccessful, string Username, int Deployments);

/// <summary>What an environment is to be; null leaves as it is (or takes the default).</summary>
public sealed record EnvironmentWish(string? Name, string? Description, string? Language, IReadOnlyList<string>? UseCases);

/// <summary>Execution environments: made, found, changed, shared, deleted, deleted for good.</summary>
public sealed class EnvironmentService(HubDbContext db, TimeProvider clock)
{
    /// <param name="id">Chosen by an administrator; null for a new one.</param>
    public async Task<ExecutionEnvironment> CreateAsync(Caller caller, EnvironmentWish wanted, Guid? id, bool isPublic, CancellationToken cancellation)
    {
        if (id is not null || isPublic)
            caller.RequireAdmin();
        if (id is { } chosen && await db.Set<ExecutionEnvironment>().AnyAsync(e => e.Id == chosen, cancellation))
            throw ModelHubException.Conflict("environment_exists", "An environment with this id exists already.");
        var environment = new ExecutionEnvironment(wanted.Name!, caller.UserId, clock.GetUtcNow(), id);
        environment.Describe(wanted.Name!, wanted.Description ?? "", wanted.Language ?? "other", wanted.UseCases ?? []);
        environment.Publish(isPublic);
        db.Add(environment);
        await db.SaveOrConflictAsync("environment_exists", "An environment with this id exists already.", cancellation);
        return environment;
    }

    public async Task<EnvironmentView> GetAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        (await ViewsAsync([await RequireAsync(caller, id, SharingRight.Use, cancellation)], cancellation))[0];

    public async Task<Page<EnvironmentView>> ListAsync(Caller caller, string? search, string? useCase, Paging paging, CancellationToken cancellation)
    {
        var rows = Visible(caller).AsNoTracking();
        if (useCase is not null)
        {
            var json = $"[\"{useCase}\"]";
            var ids = db.Database.SqlQuery<Guid>($"select id as \"Value\" from execution_environments where use_cases @> {json}::jsonb");
            rows = rows.Where(e => ids.Contains(e.Id));
        }
        if (search is { Length: > 0 })
        {
            var like = LikePattern.Containing(search);
            rows = rows.Where(e => EF.Functions.ILike(e.Name, like, "\\") || EF.Functions.ILike(e.Description, like, "\\"));
        }
        var page = await rows.OrderByDescending(e => e.CreatedAt).ThenBy(e => e.Id).ToPageAsync(paging, cancellation);
        return page.With(await ViewsAsync(page.Items, cancellation));
    }

    public async Task<EnvironmentView> ChangeAsync(Caller caller, Guid id, EnvironmentWish wish, CancellationToken cancellation)
    {
        var environment = await RequireAsync(caller, id, SharingRight.Edit, cancellation);
        environment.Describe(
            wish.Name ?? environment.Name, wish.Description ?? environment.Description, wish.Language ?? environment.Language,
            wish.UseCases ?? environment.UseCases);
        await db.SaveChangesAsync(cancellation);
        return (await ViewsAsync([environment], cancellation))[0];
    }

    /// <summary>Takes it out of every list; what was made with it stays. Refused while something deployed runs in it.</summary>
    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var environment = await RequireAsync(caller, id, SharingRight.Own, cancellation);
        environment.Delete(clock.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var users = await db.Set<CustomModelVersion>().Where(v => v.EnvironmentId == id).Select(v => v.Id).ToListAsync(cancellation);
        await DeployedModels.RequireFreeAsync(db, users, "environment", cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Deletes for good what was deleted before; all or none.</summary>
    /// <exception cref="ModelHubException">One is not deleted yet, or versions of custom models were made for it and could not run any more (409).</exception>
    public async Task PurgeAsync(Caller caller, IReadOnlyList<Guid> ids, CancellationToken cancellation)
    {
        var found = await db.Set<ExecutionEnvironment>().Include(e => e.Grants)
            .Where(e => ids.Contains(e.Id) && (caller.IsAdmin || e.Grants.Any(g => g.UserId == caller.UserId))).ToListAsync(cancellation);
        if (found.Count < ids.Distinct().Count())
            throw ModelHubException.NotFound("execution environment");
        foreach (var environment in found)
        {
            if (!caller.IsAdmin && environment.Grants.Find(g => g.UserId == caller.UserId)!.Role.Right() < SharingRight.Own)
                throw ModelHubException.Forbidden("Only an owner may delete an environment for good.");
            if (environment.DeletedAt is null)
                throw ModelHubException.Conflict("not_deleted", $"The environment {HubId.ToHex(environment.Id)} has to be deleted first.");
        }
        var needed = await db.Set<CustomModelVersion>().Where(v => v.EnvironmentId != null && ids.Contains(v.EnvironmentId.Value))
            .Select(v => v.EnvironmentId!.Value).FirstOrDefaultAsync(cancellation);
        if (needed != Guid.Empty)
            throw ModelHubException.Conflict("in_use", $"Versions of custom models run in the environment {HubId.ToHex(needed)}: delete those models first.");
        db.RemoveRange(found);
        await db.SaveChangesAsync(cancellation);
    }

    /// <exception cref="ModelHubException">It is public, and the caller none of those with whom it is shared (403).</exception>
    public async Task<Page<SharedWith>> SharedWithAsync(
        Caller caller, Guid id, string? username, Guid? userId, Paging paging, CancellationToken cancellation)
    {
        var grants = (await RequireAsync(caller, id, SharingRight.Use, cancellation)).Grants;
        if (!caller.IsAdmin && !grants.Exists(g => g.UserId == caller.UserId))
            throw ModelHubException.Forbidden("Only those with whom an environment is shared see who they are.");
        return await SharingChanges.ListAsync(db, grants, username, userId, paging, cancellation);
    }

    public async Task ShareAsync(Caller caller, Guid id, IReadOnlyList<SharingChange> changes, CancellationToken cancellation)
    {
        var environment = await RequireAsync(caller, id, SharingRight.Use, cancellation);
        var own = environment.Grants.Find(g => g.UserId == caller.UserId);
        if (environment.IsBuiltIn || own is not { CanShare: true })
            throw ModelHubException.Forbidden("You may not share this environment.");
        await SharingChanges.ApplyAsync(
            db, environment.Grants, changes, (user, role, share) => new EnvironmentGrant(id, user, role, share), own.Role.Right(), cancellation);
    }

    /// <summary>The environment and version that a custom model's version is to run in.</summary>
    public async Task<(Guid Environment, Guid? Version)> ResolveAsync(Caller caller, Guid? id, Guid? versionId, CancellationToken cancellation)
    {
        var version = versionId is null ? null
            : await db.Set<EnvironmentVersion>().AsNoTracking().FirstOrDefaultAsync(v => v.Id == versionId && (id == null || v.EnvironmentId == id), cancellation)
                ?? throw ModelHubException.Invalid("baseEnvironmentVersionId", "There is no such environment version.");
        var wanted = version?.EnvironmentId ?? id!.Value;
        if (!await Visible(caller).AnyAsync(e => e.Id == wanted, cancellation))
            throw ModelHubException.Invalid(versionId is null ? "baseEnvironmentId" : "baseEnvironmentVersionId", "There is no such environment.");
        var latest = version ?? await Latest(wanted).FirstOrDefaultAsync(v => v.BuildStatus == BuildStatus.Success, cancellation);
        return (wanted, latest?.Id);
    }

    /// <summary>The environment with its grants; who may not see it is told that it does not exist.</summary>
    public async Task<ExecutionEnvironment> RequireAsync(Caller caller, Guid id, SharingRight least, CancellationToken cancellation)
    {
        var environment = await Visible(caller).Include(e => e.Grants).FirstOrDefaultAsync(e => e.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("execution environment");
        var right = environment.Grants.Find(g => g.UserId == caller.UserId)?.Role.Right() ?? SharingRight.Use;
        return right >= least ? environment : throw ModelHubException.Forbidden("Your role for this environment does not allow it.");
    }

    private IQueryable<ExecutionEnvironment> Visible(Caller caller) => db.Set<ExecutionEnvironment>()
        .Where(e => e.DeletedAt == null && (e.IsPublic || e.Grants.Any(g => g.UserId == caller.UserId)));

    private IQueryable<EnvironmentVersion> Latest(Guid id) => db.Set<EnvironmentVersion>().AsNoTracking()
        .Where(v => v.EnvironmentId == id).OrderByDescending(v => v.CreatedAt).ThenBy(v => v.Id);

    private async Task<IReadOnlyList<EnvironmentView>> ViewsAsync(IReadOnlyList<ExecutionEnvironment> environments, CancellationToken cancellation)
    {
        var ids = environments.Select(e => e.Id).ToList();
        var versions = db.Set<EnvironmentVersion>().AsNoTracking().Where(v => ids.Contains(v.EnvironmentId));
        var newest = await NewestAsync(versions, cancellation);
        var built = await NewestAsync(versions.Where(v => v.BuildStatus == BuildStatus.Success), cancellation);
        var owners = environments.Where(e => e.OwnerId != null).Select(e => e.OwnerId!.Value).Distinct().ToList();
        var names = await db.Users.Where(u => owners.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.Username, cancellation);
        var counts = await (from served in db.Set<DeploymentModel>()
                            join version in db.Set<CustomModelVersion>() on served.ModelId equals version.Id
                            where version.EnvironmentId != null && ids.Contains(version.EnvironmentId.Value)
                            group served.DeploymentId by version.EnvironmentId!.Value into g
                            select new { g.Key, Count = g.Distinct().Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellation);
        return [.. environments.Select(e => new EnvironmentView(
            e, newest.GetValueOrDefault(e.Id), built.GetValueOrDefault(e.Id),
            e.OwnerId is { } owner ? names.GetValueOrDefault(owner, "") : "modelhub", counts.GetValueOrDefault(e.Id)))];
    }

    /// <summary>One version of each environment: versions have long logs, and environments many versions.</summary>
    private static Task<Dictionary<Guid, EnvironmentVersion>> NewestAsync(IQueryable<EnvironmentVersion> versions, CancellationToken cancellation) =>
        versions.GroupBy(v => v.EnvironmentId).Select(g => g.OrderByDescending(v => v.CreatedAt).ThenBy(v => v.Id).First())
            .ToDictionaryAsync(v => v.EnvironmentId, cancellation);
}

using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Packages;

/// <summary>A package with what it holds.</summary>
public sealed record PackageView(ModelPackage Package, RegisteredModel Registered, CustomModelVersion Version, CustomModel Model);

/// <summary>A deployment of a custom model.</summary>
public sealed record CustomModelDeployment(Deployment Deployment, CustomModelVersion Version, CustomModel Model);

/// <summary>Registered models and their versions, made from versions of custom models, which are frozen by it.</summary>
public sealed class PackageService(HubDbContext db, ProjectAccess access, TimeProvider clock)
{
    public async Task<PackageView> CreateAsync(Caller caller, Guid versionId, string? name, string? registeredName, CancellationToken cancellation)
    {
        var version = await db.Set<CustomModelVersion>().FirstOrDefaultAsync(v => v.Id == versionId, cancellation)
            ?? throw ModelHubException.NotFound("custom model version");
        var model = await db.Set<CustomModel>().FirstAsync(m => m.Id == version.ModelId, cancellation);
        await CustomModelAccess.RequireMemberAsync(db, access, caller, model.ProjectId, versionId, "custom model version", cancellation);
        var now = clock.GetUtcNow();
        var title = Names.Checked(registeredName ?? name ?? Cut(model.Name));
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        // The project's row is the lock: numbers of packages follow each other.
        await db.Projects.FromSql($"select * from projects where id = {model.ProjectId} for update").LoadAsync(cancellation);
        var registered = await db.Set<RegisteredModel>().FirstOrDefaultAsync(r => r.ProjectId == model.ProjectId && r.Name == title, cancellation);
        if (registered is null)
            db.Add(registered = new RegisteredModel(model.ProjectId, title, caller.UserId, now));
        var last = await db.Set<ModelPackage>().Where(p => p.RegisteredModelId == registered.Id).MaxAsync(p => (int?)p.Number, cancellation) ?? 0;
        var package = new ModelPackage(registered.Id, last + 1, Names.Checked(name ?? $"{title} ({last + 1})"), versionId, caller.UserId, now);
        db.Add(package);
        version.Freeze(now);
        registered.Describe(registered.Name, registered.Description, now);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return new PackageView(package, registered, version, model);
    }

    public async Task<PackageView> GetAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        (await ViewsAsync(Packages(caller).Where(p => p.Id == id), new Paging(1, 0), cancellation)).Items.FirstOrDefault()
        ?? throw ModelHubException.NotFound("model package");

    /// <param name="registeredId">Of one registered model only.</param>
    public async Task<Page<PackageView>> ListAsync(Caller caller, Guid? registeredId, Paging paging, CancellationToken cancellation)
    {
        if (registeredId is { } id)
            await GetRegisteredAsync(caller, id, cancellation);
        return await ViewsAsync(Packages(caller).Where(p => registeredId == null || p.RegisteredModelId == registeredId), paging, cancellation);
    }

    public async Task<RegisteredModel> GetRegisteredAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        await Registered(caller).FirstOrDefaultAsync(r => r.Id == id, cancellation) ?? throw ModelHubException.NotFound("registered model");

    public async Task<Page<RegisteredModel>> ListRegisteredAsync(Caller caller, string? search, Paging paging, CancellationToken cancellation)
    {
        var rows = Registered(caller).AsNoTracking();
        if (search is { Length: > 0 })
            rows = rows.Where(r => EF.Functions.ILike(r.Name, LikePattern.Containing(search), "\\"));
        return await rows.OrderByDescending(r => r.CreatedAt).ThenBy(r => r.Id).ToPageAsync(paging, cancellation);
    }

    public async Task<RegisteredModel> ChangeAsync(Caller caller, Guid id, string? name, string? description, CancellationToken cancellation)
    {
        var registered = await GetRegisteredAsync(caller, id, cancellation);
        await access.RequireAsync(caller, registered.ProjectId, ProjectRole.Editor, "registered model", cancellation);
        registered.Describe(name is null ? registered.Name : Names.Checked(name), description ?? registered.Description, clock.GetUtcNow());
        await db.SaveOrConflictAsync("registered_name_taken", $"A registered model called '{name}' already exists.", cancellation);
        return registered;
    }

    /// <summary>Deletes the name and its packages; custom models and deployments stay.</summary>
    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var registered = await GetRegisteredAsync(caller, id, cancellation);
        await access.RequireAsync(caller, registered.ProjectId, ProjectRole.Editor, "registered model", cancellation);
        db.Remove(registered);
        await db.SaveChangesAsync(cancellation);
    }

    /// <summary>Deployments whose champion is a version of a custom model; the newest first.</summary>
    public async Task<Page<CustomModelDeployment>> DeploymentsAsync(Caller caller, Guid? customModelId, Paging paging, CancellationToken cancellation)
    {
        var rows = from d in db.Set<Deployment>().AsNoTracking().Include(d => d.Models)
                   where access.VisibleIds(caller).Contains(d.ProjectId)
                   from served in d.Models
                   where served.Role == ServingRole.Champion
                   join version in db.Set<CustomModelVersion>() on served.ModelId equals version.Id
                   join model in db.Set<CustomModel>() on version.ModelId equals model.Id
                   where customModelId == null || model.Id == customModelId
                   select new { d, version, model };
        var page = await rows.OrderByDescending(r => r.d.CreatedAt).ThenBy(r => r.d.Id).ToPageAsync(paging, cancellation);
        return page.Map(i => new CustomModelDeployment(i.d, i.version, i.model));
    }

    /// <summary>The job under which a deployment made from a package is known; it is done.</summary>
    public async Task<Job> RecordDeploymentAsync(Caller caller, Deployment deployment, CancellationToken cancellation)
    {
        var job = Job.Done(
            CustomModelJobs.DeploymentFromPackage, caller.UserId, deployment.ProjectId, deployment.Id, deployment.CreatedAt, clock.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync(cancellation);
        return job;
    }

    private IQueryable<RegisteredModel> Registered(Caller caller) =>
        db.Set<RegisteredModel>().Where(r => access.VisibleIds(caller).Contains(r.ProjectId));

    private IQueryable<ModelPackage> Packages(Caller caller) =>
        db.Set<ModelPackage>().AsNoTracking().Where(p => Registered(caller).Any(r => r.Id == p.RegisteredModelId));

    private async Task<Page<PackageView>> ViewsAsync(IQueryable<ModelPackage> packages, Paging paging, CancellationToken cancellation)
    {
        var rows = from package in packages
                   join registered in db.Set<RegisteredModel>() on package.RegisteredModelId equals registered.Id
                   join version in db.Set<CustomModelVersion>() on package.CustomModelVersionId equals version.Id
                   join model in db.Set<CustomModel>() on version.ModelId equals model.Id
                   orderby package.CreatedAt descending, package.Id
                   select new PackageView(package, registered, version, model);
        return await rows.AsNoTracking().ToPageAsync(paging, cancellation);
    }

    private static string Cut(string name) => name[..Math.Min(name.Length, Names.Longest)];
}

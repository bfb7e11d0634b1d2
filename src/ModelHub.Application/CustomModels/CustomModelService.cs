using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>What a new custom model is to be.</summary>
public sealed record NewCustomModel(string Name, TargetType TargetType, CustomModelTarget Target)
{
    public CustomModelType Type { get; init; }

    public string Description { get; init; } = "";

    public string Language { get; init; } = "";

    public CustomModelRuntime Runtime { get; init; } = new();

    public string? UserProvidedId { get; init; }

    public bool TrainingDataOfVersions { get; init; }

    public GitOrigin? Git { get; init; }

    public string Extra { get; init; } = "{}";

    /// <summary>Null for the caller's own project.</summary>
    public Guid? ProjectId { get; init; }

    public Guid? TemplateId { get; init; }
}

/// <summary>What is to change; null leaves as it is.</summary>
public sealed record CustomModelChange
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public string? Language { get; init; }

    public Func<CustomModelTarget, CustomModelTarget>? Target { get; init; }

    public CustomModelRuntime? Runtime { get; init; }

    public bool? TrainingDataOfVersions { get; init; }

    public GitOrigin? Git { get; init; }
}

/// <summary>Which custom models are wanted, and in which order.</summary>
public sealed record CustomModelFilter(
    CustomModelType? Type = null, TargetType? Target = null, bool? IsDeployed = null, string? Search = null, bool ByUpdate = false, bool Ascending = false);

/// <summary>Custom models: made, found, changed, shared, deleted.</summary>
public sealed class CustomModelService(HubDbContext db, CustomModelAccess access, CustomModelViews views, HomeProject home, ServerOffers offers, TimeProvider clock)
{
    public async Task<CustomModelView> CreateAsync(Caller caller, NewCustomModel wanted, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        wanted.Target.Check(wanted.TargetType);
        var model = new CustomModel(wanted.ProjectId ?? await home.EnsureAsync(caller, cancellation), wanted.Name, wanted.TargetType, caller.UserId, now);
        model.Rename(wanted.Name, wanted.Description, wanted.Language, now);
        model.Become(wanted.Type, wanted.UserProvidedId, wanted.TemplateId);
        model.Aim(wanted.Target, isFixed: false, now);
        model.RunWith(offers.Settle(caller, new CustomModelRuntime(), wanted.Runtime), now);
        model.KeepTrainingDataOfVersions(wanted.TrainingDataOfVersions);
        model.Remember(wanted.Git, wanted.Extra);
        db.Add(model);
        try
        {
            await db.SaveOrConflictAsync("id_taken", "", cancellation);
        }
        catch (ModelHubException taken) when (taken.Code == "id_taken")
        {
            throw ModelHubException.Invalid(
                "userProvidedId", $"Cannot create a custom model with a user provided ID '{wanted.UserProvidedId}': another model has it already.");
        }
        return await views.OfAsync(model, cancellation);
    }

    public async Task<CustomModelView> GetAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        await views.OfAsync(await access.RequireAsync(caller, id, SharingRight.Use, cancellation), cancellation);

    public async Task<Page<CustomModelView>> ListAsync(Caller caller, CustomModelFilter filter, Paging paging, CancellationToken cancellation)
    {
        var rows = access.Visible(caller).AsNoTracking()
            .Where(m => (filter.Type == null || m.Type == filter.Type) && (filter.Target == null || m.TargetType == filter.Target));
        if (filter.Search is { Length: > 0 } search)
        {
            var like = LikePattern.Containing(search);
            rows = rows.Where(m => EF.Functions.ILike(m.Name, like, "\\") || EF.Functions.ILike(m.Description, like, "\\"));
        }
        if (filter.IsDeployed is { } wanted)
            rows = rows.Where(m => DeployedVersions().Any(v => v.ModelId == m.Id) == wanted);
        var page = await Ordered(rows, filter).ToPageAsync(paging, cancellation);
        return page.With(await views.OfAsync(page.Items, cancellation));
    }

    public async Task<CustomModelView> ChangeAsync(Caller caller, Guid id, CustomModelChange change, CancellationToken cancellation)
    {
        var model = await access.RequireAsync(caller, id, SharingRight.Edit, cancellation);
        await RequireNotUnderTestAsync(id, cancellation);
        var now = clock.GetUtcNow();
        if (change.Target is { } target)
        {
            var isFixed = model.TrainingData is not null || await DeployedVersions().AnyAsync(v => v.ModelId == id, cancellation);
            model.Aim(target(model.Target), isFixed, now);
        }
        if (change.Runtime is { } runtime)
            model.RunWith(offers.Settle(caller, model.Runtime, runtime), now);
        if (change.TrainingDataOfVersions is { } permanent)
            model.KeepTrainingDataOfVersions(permanent);
        if (change.Git is { } git)
            model.Remember(git, model.Extra);
        model.Rename(change.Name ?? model.Name, change.Description ?? model.Description, change.Language ?? model.Language, now);
        await db.SaveChangesAsync(cancellation);
        return await views.OfAsync(model, cancellation);
    }

    /// <exception cref="ModelHubException">It is deployed (with the deployments) or work on it is under way.</exception>
    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, id, SharingRight.Own, cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var versions = await db.Set<CustomModelVersion>().Where(v => v.ModelId == id).Select(v => v.Id).ToListAsync(cancellation);
        await DeployedModels.RequireFreeAsync(db, versions, "custom model", cancellation);
        await RequireNotUnderTestAsync(id, cancellation);
        await db.Set<CustomModel>().Where(m => m.Id == id).ExecuteDeleteAsync(cancellation);
        foreach (var version in versions) // its processes end, wherever it is in memory
            await db.NotifyAsync(Notifications.Serving, version.ToString(), cancellation);
        await transaction.CommitAsync(cancellation);
    }

    public async Task<Page<SharedWith>> SharedWithAsync(Caller caller, Guid id, Paging paging, CancellationToken cancellation) => await SharingChanges.ListAsync(
        db, (await access.RequireAsync(caller, id, SharingRight.Use, cancellation)).Grants, null, null, paging, cancellation);

    public async Task ShareAsync(Caller caller, Guid id, IReadOnlyList<SharingChange> changes, CancellationToken cancellation)
    {
        var (model, most) = await access.RequireSharingAsync(caller, id, cancellation);
        await SharingChanges.ApplyAsync(db, model.Grants, changes, (user, role, share) => new CustomModelGrant(id, user, role, share), most, cancellation);
    }

    private async Task RequireNotUnderTestAsync(Guid id, CancellationToken cancellation)
    {
        var versions = db.Set<CustomModelVersion>().Where(v => v.ModelId == id);
        if (await db.Set<Runs.CustomModelTest>().AnyAsync(t => t.CompletedAt == null && versions.Any(v => v.Id == t.VersionId), cancellation))
            throw ModelHubException.Conflict("under_test", "The custom model is under test; wait for the end of the test or cancel it.");
    }

    private IQueryable<CustomModelVersion> DeployedVersions() =>
        db.Set<CustomModelVersion>().Where(v => db.Set<DeploymentModel>().Any(d => d.ModelId == v.Id));

    private static IOrderedQueryable<CustomModel> Ordered(IQueryable<CustomModel> rows, CustomModelFilter filter) => (filter.ByUpdate, filter.Ascending) switch
    {
        (false, false) => rows.OrderByDescending(m => m.CreatedAt).ThenBy(m => m.Id),
        (false, true) => rows.OrderBy(m => m.CreatedAt).ThenBy(m => m.Id),
        (true, false) => rows.OrderByDescending(m => m.UpdatedAt).ThenBy(m => m.Id),
        (true, true) => rows.OrderBy(m => m.UpdatedAt).ThenBy(m => m.Id),
    };
}

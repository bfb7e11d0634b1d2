using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Deployments;

/// <summary>Deployments: made, changed, replaced, rolled back, deleted. What was acknowledged is what every process serves.</summary>
public sealed class DeploymentService(HubDbContext db, ProjectAccess access, ModelCache models, DeploymentCommits commits, TimeProvider clock)
{
    /// <summary>The revision that a change is meant for; any other is refused as <see cref="ErrorKind.Stale"/>. Null: whatever it is.</summary>
    public long? ExpectedRevision { get; set; }

    public async Task<Deployment> CreateAsync(Caller caller, NewDeployment wanted, CancellationToken cancellation)
    {
        var name = Names.Checked(wanted.Name);
        var description = CheckedText(wanted.Description, "description", 10_000);
        CheckThreshold(wanted.PredictionThreshold);
        if (wanted.ProjectId is { } asked)
            await access.RequireAsync(caller, asked, ProjectRole.Editor, "project", cancellation);
        var model = await DeployableAsync(caller, wanted.ModelId, wanted.ProjectId, cancellation);
        var now = clock.GetUtcNow();
        var deployment = new Deployment(model.ProjectId, name, model.Id, wanted.Stage, caller.UserId, now);
        deployment.Describe(description ?? "", now);
        deployment.DrawLineAt(wanted.PredictionThreshold ?? model.Threshold, now);
        if (wanted.Settings is { } settings)
            deployment.Set(settings, now);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await HoldAsync([model.Id], cancellation);
        db.Add(deployment);
        await CommitAsync(deployment, new DeploymentEvent(deployment, DeploymentEventKind.Created, null, null, caller.Username, now), transaction, cancellation);
        return deployment;
    }

    public async Task<Deployment> GetAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        await VisibleAsync(caller, id, ProjectRole.Viewer, cancellation);

    public async Task<Page<Deployment>> ListAsync(Caller caller, DeploymentFilter filter, Paging paging, CancellationToken cancellation)
    {
        var rows = db.Set<Deployment>().AsNoTracking().Include(d => d.Models).Where(d => access.VisibleIds(caller).Contains(d.ProjectId)
            && (filter.ProjectId == null || d.ProjectId == filter.ProjectId)
            && (filter.Stage == null || d.Stage == filter.Stage)
            && (filter.ModelId == null || d.Models.Any(m => m.ModelId == filter.ModelId)));
        if (filter.Search is { Length: > 0 } search)
            rows = rows.Where(d => EF.Functions.ILike(d.Name, LikePattern.Containing(search), "\\"));
        return await rows.NewestFirstAsync(paging, cancellation);
    }

    public async Task<Deployment> ChangeAsync(Caller caller, Guid id, DeploymentChange change, CancellationToken cancellation)
    {
        var deployment = await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        var reason = CheckedText(change.Reason, "reason", 2000);
        CheckThreshold(change.PredictionThreshold);
        var now = clock.GetUtcNow();
        var before = deployment.ChampionId;
        var replacement = change.ModelId == before ? null : change.ModelId;
        if (replacement is { } wanted)
            await DeployableAsync(caller, wanted, null, cancellation);
        var kind = replacement is not null ? DeploymentEventKind.Replaced
            : change.Stage is { } stage && stage != deployment.Stage ? DeploymentEventKind.StageChanged
            : change.PredictionThreshold is not null ? DeploymentEventKind.ThresholdChanged
            : change.Settings is not null ? DeploymentEventKind.SettingsChanged : DeploymentEventKind.Renamed;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        if (replacement is { } model)
        {
            await HoldAsync([model], cancellation);
            deployment.Replace(model, now);
        }
        Apply(deployment, change, now);
        await CommitAsync(
            deployment, new DeploymentEvent(deployment, kind, replacement is null ? null : before, reason, caller.Username, now), transaction, cancellation);
        return deployment;
    }

    /// <summary>Puts back the champion that the last replacement took away.</summary>
    public async Task<Deployment> RollBackAsync(Caller caller, Guid id, string? reason, CancellationToken cancellation)
    {
        var deployment = await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        var last = await db.Set<DeploymentEvent>().AsNoTracking()
            .Where(e => e.DeploymentId == id && e.FromModelId != null && e.ModelId == deployment.ChampionId)
            .OrderByDescending(e => e.At).ThenByDescending(e => e.Id).FirstOrDefaultAsync(cancellation)
            ?? throw new ModelHubException(ErrorKind.WrongState, "nothing_to_roll_back", "No model was ever replaced here.");
        var now = clock.GetUtcNow();
        var before = deployment.ChampionId;
        await DeployableAsync(caller, last.FromModelId!.Value, null, cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await HoldAsync([last.FromModelId.Value], cancellation);
        deployment.Replace(last.FromModelId.Value, now);
        await CommitAsync(
            deployment, new DeploymentEvent(deployment, DeploymentEventKind.RolledBack, before, CheckedText(reason, "reason", 2000), caller.Username, now),
            transaction, cancellation);
        return deployment;
    }

    public async Task<Deployment> SetStatusAsync(Caller caller, Guid id, DeploymentStatus status, string? reason, CancellationToken cancellation)
    {
        var deployment = await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        var now = clock.GetUtcNow();
        if (status == DeploymentStatus.Paused)
            deployment.Pause(now);
        else
            deployment.Resume(now);
        var kind = status == DeploymentStatus.Paused ? DeploymentEventKind.Paused : DeploymentEventKind.Resumed;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await CommitAsync(
            deployment, new DeploymentEvent(deployment, kind, null, CheckedText(reason, "reason", 2000), caller.Username, now), transaction, cancellation);
        return deployment;
    }

    /// <summary>Shares the requests of a deployment among models; see <see cref="TrafficPlan"/>.</summary>
    public async Task<Deployment> ShareAsync(Caller caller, Guid id, TrafficPlan plan, CancellationToken cancellation)
    {
        var deployment = await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        plan.Check(deployment.ChampionId);
        var champion = (await models.GetAsync(deployment.ChampionId, cancellation)).Header;
        foreach (var model in plan.Models)
        {
            await DeployableAsync(caller, model, null, cancellation);
            var other = (await models.GetAsync(model, cancellation)).Header;
            if (other.Task != champion.Task || !other.Classes.Order(StringComparer.Ordinal).SequenceEqual(champion.Classes.Order(StringComparer.Ordinal)))
                throw ModelHubException.Invalid("models", $"The model {model} predicts something else than the champion.");
        }
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await HoldAsync(plan.Models, cancellation);
        deployment.Share(plan.ModelsOf(id), plan.StickyBy, plan.Canary is null ? null : new CanaryPlan(now, plan.Canary.Value.Steps), now);
        await CommitAsync(
            deployment, new DeploymentEvent(deployment, DeploymentEventKind.TrafficChanged, null, CheckedText(plan.Reason, "reason", 2000), caller.Username, now),
            transaction, cancellation);
        return deployment;
    }

    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        await commits.DeleteAsync(id, cancellation);
    }

    private async Task<Deployment> VisibleAsync(Caller caller, Guid id, ProjectRole least, CancellationToken cancellation)
    {
        var deployment = await db.Set<Deployment>().Include(d => d.Models).FirstOrDefaultAsync(d => d.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("deployment");
        await access.RequireAsync(caller, deployment.ProjectId, least, "deployment", cancellation);
        if (least != ProjectRole.Viewer && ExpectedRevision is { } expected && expected != deployment.Revision)
            throw Stale();
        return deployment;
    }

    /// <summary>A model that the caller may deploy, loaded: what cannot be served is refused before anything changes.</summary>
    private async Task<ModelIdentity> DeployableAsync(Caller caller, Guid modelId, Guid? projectId, CancellationToken cancellation)
    {
        var model = await models.FindAsync(modelId, cancellation) ?? throw ModelHubException.NotFound("model");
        await CustomModelAccess.RequireMemberAsync(db, access, caller, model.ProjectId, modelId, "model", cancellation);
        if (projectId is { } wanted && wanted != model.ProjectId)
            throw ModelHubException.NotFound("model");
        if (model.Refusal is { } refusal)
            throw new ModelHubException(ErrorKind.WrongState, "not_deployable", refusal);
        await models.GetAsync(modelId, cancellation);
        return model;
    }

    private async Task HoldAsync(IReadOnlyCollection<Guid> held, CancellationToken cancellation)
    {
        await DeployedModels.HoldAsync(db, held, cancellation);
        foreach (var id in held)
        {
            if (await models.FindAsync(id, cancellation) is null) // deleted meanwhile
                throw ModelHubException.NotFound("model");
        }
    }

    private async Task CommitAsync(Deployment deployment, DeploymentEvent change, IDbContextTransaction transaction, CancellationToken cancellation)
    {
        try
        {
            await commits.CommitAsync(deployment, change, transaction, cancellation);
        }
        catch (ModelHubException refusal) when (ExpectedRevision is not null && refusal.Code == DeploymentCommits.ChangedMeanwhile)
        {
            throw Stale();
        }
    }

    private static ModelHubException Stale() => new(ErrorKind.Stale, "stale", "The deployment is not what If-Match names any more; read it again.");

    private static void Apply(Deployment deployment, DeploymentChange change, DateTimeOffset now)
    {
        if (change.Name is not null)
            deployment.Rename(Names.Checked(change.Name), now);
        if (change.Description is not null)
            deployment.Describe(CheckedText(change.Description, "description", 10_000)!, now);
        if (change.Settings is { } settings)
            deployment.Set(settings, now);
        if (change.PredictionThreshold is { } threshold)
            deployment.DrawLineAt(threshold, now);
        if (change.Stage is { } stage)
            deployment.MoveTo(stage, now);
    }

    private static void CheckThreshold(double? threshold)
    {
        if (threshold is < 0 or > 1 or double.NaN)
            throw ModelHubException.Invalid("prediction_threshold", "'prediction_threshold' is 0 to 1.");
    }

    private static string? CheckedText(string? text, string field, int most) =>
        text?.Length > most ? throw ModelHubException.Invalid(field, $"'{field}' may have {most} characters.") : text?.Replace("\0", "", StringComparison.Ordinal);
}

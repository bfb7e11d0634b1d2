using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Models;

/// <summary>A model with the names of where it belongs.</summary>
public sealed record ModelView(Model Model, string ExperimentName, string ProjectName, bool InProduction = false, bool InStaging = false);

/// <summary>Trained models: inspected, downloaded, deleted; listed by <see cref="ModelLists"/>.</summary>
public sealed class ModelService(HubDbContext db, ProjectAccess access, IArtifactStore store)
{
    public async Task<ModelView> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var found = await (from m in db.Models.AsNoTracking()
                           join x in db.Experiments on m.ExperimentId equals x.Id
                           join p in db.Projects on m.ProjectId equals p.Id
                           where m.Id == id
                           select new ModelView(
                               m, x.Name, p.Name, Serving(db, DeploymentStage.Production).Contains(m.Id), Serving(db, DeploymentStage.Staging).Contains(m.Id)))
                          .FirstOrDefaultAsync(cancellation) ?? throw ModelHubException.NotFound("model");
        await access.RequireAsync(caller, found.Model.ProjectId, ProjectRole.Viewer, "model", cancellation);
        return found;
    }

    /// <summary>The models of an experiment, the best first; failed ones last.</summary>
    public async Task<IReadOnlyList<Model>> LeaderboardAsync(Experiment experiment, CancellationToken cancellation)
    {
        var models = await db.Models.AsNoTracking().Where(m => m.ExperimentId == experiment.Id).ToListAsync(cancellation);
        var metric = MetricOf(experiment);
        return
        [
            .. models.OrderByDescending(m => m.IsBest).ThenBy(m => m.FailureReason is not null)
                .ThenBy(m => m.Metrics.TryGetValue(metric, out var score) ? MetricDirection.IsLoss(metric) ? score : -score : double.MaxValue)
                .ThenBy(m => m.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>The metric that orders an experiment's leaderboard.</summary>
    public static string MetricOf(Experiment experiment) => experiment.Config.Metric ?? experiment.Task switch
    {
        "binary" => "auc",
        "regression" => "rmse",
        _ => "logloss",
    };

    public async Task<Model> BestAsync(Experiment experiment, CancellationToken cancellation)
    {
        if (experiment.BestModelId is not { } best)
        {
            throw new ModelHubException(
                ErrorKind.WrongState, "not_trained", experiment.Error is null ? "The model is not trained yet." : $"Training has failed: {experiment.Error}");
        }
        return await db.Models.AsNoTracking().FirstOrDefaultAsync(m => m.Id == best, cancellation) ?? throw ModelHubException.NotFound("model");
    }

    public async Task<ArtifactFile> OpenArtifactAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var model = (await GetAsync(caller, id, cancellation)).Model;
        var sha256 = model.RequireArtifact();
        return new ArtifactFile(model.Name + ".modelhub", sha256, await store.OpenCheckedAsync(sha256, cancellation));
    }

    /// <summary>Sets where deployments of a binary model draw the line, unless they say themselves.</summary>
    public async Task DrawLineAsync(Caller caller, Guid projectId, Guid id, double? threshold, CancellationToken cancellation)
    {
        var view = await GetAsync(caller, id, cancellation);
        if (view.Model.ProjectId != projectId)
            throw ModelHubException.NotFound("model");
        await access.RequireAsync(caller, projectId, ProjectRole.Editor, "model", cancellation);
        if (threshold is not (>= 0 and <= 1))
            throw ModelHubException.Invalid("predictionThreshold", "'predictionThreshold' is 0 to 1.");
        if (view.Model.Task != "binary")
            throw ModelHubException.Invalid("predictionThreshold", "Only a binary model has a threshold.");
        var model = await db.Models.FirstOrDefaultAsync(m => m.Id == id, cancellation) ?? throw ModelHubException.NotFound("model");
        model.DrawLineAt(threshold.Value);
        await db.SaveChangesAsync(cancellation);
    }

    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var view = await GetAsync(caller, id, cancellation);
        await access.RequireAsync(caller, view.Model.ProjectId, ProjectRole.Editor, "model", cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await DeployedModels.RequireFreeAsync(db, [id], "model", cancellation);
        await db.Models.Where(m => m.Id == id).ExecuteDeleteAsync(cancellation);
        await db.NotifyAsync(Notifications.Serving, id.ToString(), cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Models that answer requests of an active deployment.</summary>
    internal static IQueryable<Guid> Serving(HubDbContext db, DeploymentStage stage) =>
        from d in db.Set<Deployment>()
        from m in d.Models
        where d.Stage == stage && d.Status == DeploymentStatus.Active && m.Role != ServingRole.Shadow
        select m.ModelId;
}

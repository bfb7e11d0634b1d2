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

/// <summary>A model as lists show it.</summary>
public sealed record ModelSummary(
    Guid Id, string Name, string Algorithm, Guid ExperimentId, string ExperimentName, Guid ProjectId, string ProjectName, bool IsBest, bool InProduction,
    bool InStaging, Dictionary<string, double> Metrics, DateTimeOffset CreatedAt);

/// <summary>Which models are wanted, and in what order.</summary>
public sealed record ModelFilter
{
    public Guid? ProjectId { get; init; }

    public Guid? ExperimentId { get; init; }

    public string? Algorithm { get; init; }

    public bool BestOnly { get; init; }

    public bool InProduction { get; init; }

    public bool InStaging { get; init; }

    /// <summary>In the names of model, algorithm, experiment and project.</summary>
    public string? Search { get; init; }

    public string? SortMetric { get; init; }

    /// <summary>Null: the better first.</summary>
    public bool? Descending { get; init; }
}

/// <summary>Trained models: listed, inspected, deleted.</summary>
public sealed class ModelService(HubDbContext db, ProjectAccess access, IArtifactStore store)
{
    /// <summary>Shown and sorted by, not stored: one less the macro recall.</summary>
    public const string PerClassError = "mean_per_class_error";

    public static readonly string[] Sortable =
        ["auc", "logloss", "accuracy", "rmse", "mse", "mae", "r2", "macro_f1", "micro_f1", "macro_precision", "macro_recall"];

    /// <summary>One query, in the order of an index: the names and flags are looked up for the page's rows only.</summary>
    public async Task<Page<ModelSummary>> ListAsync(Caller caller, ModelFilter filter, Paging paging, CancellationToken cancellation)
    {
        var models = Wanted(caller, filter);
        var rows = from m in Ordered(models, filter).Skip(paging.Offset).Take(paging.Limit)
                   join x in db.Experiments on m.ExperimentId equals x.Id
                   join p in db.Projects on m.ProjectId equals p.Id
                   select new
                   {
                       Total = models.Count(),
                       Summary = new ModelSummary(
                           m.Id, m.Name, m.Algorithm, m.ExperimentId, x.Name, m.ProjectId, p.Name, m.IsBest,
                           Serving(DeploymentStage.Production).Contains(m.Id), Serving(DeploymentStage.Staging).Contains(m.Id), m.Metrics, m.CreatedAt),
                   };
        var page = await rows.ToListAsync(cancellation);
        var total = page.Count > 0 ? page[0].Total : paging.Offset == 0 ? 0 : await models.CountAsync(cancellation);
        return new Page<ModelSummary>([.. page.Select(r => r.Summary)], total, paging.Limit, paging.Offset);
    }

    private IQueryable<Model> Wanted(Caller caller, ModelFilter filter)
    {
        var models = db.Models.AsNoTracking().Where(m => access.VisibleIds(caller).Contains(m.ProjectId) && m.ArtifactSha256 != null);
        if (filter.ProjectId is { } project)
            models = models.Where(m => m.ProjectId == project);
        if (filter.ExperimentId is { } experiment)
            models = models.Where(m => m.ExperimentId == experiment);
        if (filter.Algorithm is { } algorithm)
            models = models.Where(m => m.Algorithm == algorithm);
        if (filter.BestOnly)
            models = models.Where(m => m.IsBest);
        if (filter.InProduction)
            models = models.Where(m => Serving(DeploymentStage.Production).Contains(m.Id));
        if (filter.InStaging)
            models = models.Where(m => Serving(DeploymentStage.Staging).Contains(m.Id));
        if (filter.Search is not { Length: > 0 } search)
            return models;
        // In small letters all along: looking past case row by row takes several times as long.
        var pattern = LikePattern.Containing(search.ToLowerInvariant());
        return models.Where(m => EF.Functions.Like((m.Name + "\n" + m.Algorithm).ToLower(), pattern, "\\")
            || db.Experiments.Any(x => x.Id == m.ExperimentId && EF.Functions.Like(x.Name.ToLower(), pattern, "\\"))
            || db.Projects.Any(p => p.Id == m.ProjectId && EF.Functions.Like(p.Name.ToLower(), pattern, "\\")));
    }

    private static IQueryable<Model> Ordered(IQueryable<Model> models, ModelFilter filter)
    {
        if (filter.SortMetric is not { } metric)
            return models.OrderByDescending(m => m.CreatedAt).ThenBy(m => m.Id);
        var descending = filter.Descending ?? !(MetricDirection.IsLoss(metric) || metric == PerClassError);
        if (metric == PerClassError) // one less the macro recall
            (metric, descending) = ("macro_recall", !descending);
        if (!Sortable.Contains(metric))
            throw ModelHubException.Invalid("sort_metric", $"'sort_metric' is one of {string.Join(", ", Sortable)}, {PerClassError}.");
        // Models without the metric come last, whatever the direction; an index per metric has just this order for the better first.
        var column = "metric_" + metric;
        var known = models.OrderBy(m => EF.Property<double?>(m, column) == null);
        return (descending
            ? known.ThenByDescending(m => EF.Property<double?>(m, column)) : known.ThenBy(m => EF.Property<double?>(m, column))).ThenBy(m => m.Id);
    }

    public async Task<ModelView> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var found = await (from m in db.Models.AsNoTracking()
                           join x in db.Experiments on m.ExperimentId equals x.Id
                           join p in db.Projects on m.ProjectId equals p.Id
                           where m.Id == id
                           select new ModelView(
                               m, x.Name, p.Name, Serving(DeploymentStage.Production).Contains(m.Id), Serving(DeploymentStage.Staging).Contains(m.Id))).FirstOrDefaultAsync(cancellation) ?? throw ModelHubException.NotFound("model");
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

    public async Task<(Stream Bytes, string Name)> OpenArtifactAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var view = await GetAsync(caller, id, cancellation);
        if (view.Model.ArtifactSha256 is not { } sha256)
            throw new ModelHubException(ErrorKind.WrongState, "model_failed", "This model was not trained.");
        return (await store.OpenAsync(sha256, cancellation), view.Model.Name + ".modelhub");
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
    private IQueryable<Guid> Serving(DeploymentStage stage) =>
        from d in db.Set<Deployment>()
        from m in d.Models
        where d.Stage == stage && d.Status == DeploymentStatus.Active && m.Role != ServingRole.Shadow
        select m.ModelId;
}

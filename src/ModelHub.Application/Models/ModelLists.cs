using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Models;

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

/// <summary>Lists of trained models. A page's ids come out of an index that holds all that is asked for; the rest is looked up for its rows only.</summary>
public sealed class ModelLists(HubDbContext db, ProjectAccess access)
{
    /// <summary>Shown and sorted by, not stored: one less the macro recall.</summary>
    public const string PerClassError = "mean_per_class_error";

    public static readonly string[] Sortable =
        ["auc", "logloss", "accuracy", "rmse", "mse", "mae", "r2", "macro_f1", "micro_f1", "macro_precision", "macro_recall"];

    /// <summary>A column of the database's own: name and algorithm in small letters.</summary>
    internal const string SearchText = "search_text";

    /// <summary>Experiments or projects that a query may name one by one.</summary>
    private const int MostNamed = 1000;

    /// <summary>The database's column of a metric.</summary>
    internal static string Column(string metric) => "metric_" + metric;

    public async Task<Page<ModelSummary>> ListAsync(Caller caller, ModelFilter filter, Paging paging, CancellationToken cancellation)
    {
        var wanted = await SearchedAsync(await WantedAsync(caller, filter, cancellation), caller, filter.Search, cancellation);
        if (filter.SortMetric is null)
            return await NewestFirstAsync(wanted, paging, cancellation);
        if (paging.After is not null)
            throw ModelHubException.Invalid("cursor", "A cursor goes on with the newest first, not with an order by a metric.");
        var (metric, descending) = OrderOf(filter.SortMetric, filter.Descending);
        var column = Column(metric);
        var known = wanted.Where(m => EF.Property<double?>(m, column) != null);
        // One index serves both directions: read backwards, it has the ids of equal models backwards, too.
        var isForward = descending == !MetricDirection.IsLoss(metric);
        var byMetric = descending ? known.OrderByDescending(m => EF.Property<double?>(m, column)) : known.OrderBy(m => EF.Property<double?>(m, column));
        var page = await PageAsync(wanted, isForward ? byMetric.ThenBy(m => m.Id) : byMetric.ThenByDescending(m => m.Id), paging, cancellation);
        if (page.Items.Count == paging.Limit || page.Total <= paging.Offset + page.Items.Count)
            return page;
        // Models without the metric come last, whatever the direction.
        var before = page.Items.Count > 0 ? paging.Offset + page.Items.Count : await known.CountAsync(cancellation);
        var others = wanted.Where(m => EF.Property<double?>(m, column) == null).OrderByDescending(m => m.CreatedAt).ThenBy(m => m.Id);
        var rest = await PageAsync(
            wanted, others, new Paging(paging.Limit - page.Items.Count, paging.Offset + page.Items.Count - before), cancellation);
        return page.With([.. page.Items, .. rest.Items]);
    }

    private async Task<Page<ModelSummary>> NewestFirstAsync(IQueryable<Model> wanted, Paging paging, CancellationToken cancellation)
    {
        var page = await PageAsync(wanted, wanted.Behind(paging.After).OrderByDescending(m => m.CreatedAt).ThenBy(m => m.Id), paging, cancellation);
        return page.Items.Count < paging.Limit ? page : page with { Next = new ListPlace(page.Items[^1].CreatedAt, page.Items[^1].Id) };
    }

    private async Task<Page<ModelSummary>> PageAsync(
        IQueryable<Model> wanted, IOrderedQueryable<Model> ordered, Paging paging, CancellationToken cancellation)
    {
        var rows = from place in ordered.Select(m => m.Id).Skip(paging.Offset).Take(paging.Limit)
                   join m in db.Models on place equals m.Id
                   join x in db.Experiments on m.ExperimentId equals x.Id
                   join p in db.Projects on m.ProjectId equals p.Id
                   select new
                   {
                       Total = wanted.Count(),
                       Summary = new ModelSummary(
                           m.Id, m.Name, m.Algorithm, m.ExperimentId, x.Name, m.ProjectId, p.Name, m.IsBest,
                           Serving(DeploymentStage.Production).Contains(m.Id), Serving(DeploymentStage.Staging).Contains(m.Id), m.Metrics, m.CreatedAt),
                   };
        var page = await rows.ToListAsync(cancellation);
        var total = page.Count > 0 ? page[0].Total : await wanted.CountAsync(cancellation);
        return new Page<ModelSummary>([.. page.Select(r => r.Summary)], total, paging.Limit, paging.Offset);
    }

    private async Task<IQueryable<Model>> WantedAsync(Caller caller, ModelFilter filter, CancellationToken cancellation)
    {
        var models = db.Models.AsNoTracking().Where(m => m.ArtifactSha256 != null);
        // Named one by one, the planner knows how many models they have, and goes along an index in order instead of sorting all.
        var visible = await access.VisibleIds(caller).Take(MostNamed + 1).ToListAsync(cancellation);
        models = visible.Count > MostNamed ? models.Where(m => access.VisibleIds(caller).Contains(m.ProjectId)) : models.Where(m => visible.Contains(m.ProjectId));
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
        return models;
    }

    /// <summary>
    /// Those that are named so themselves, or whose experiment or project is. These are asked for first: where there are none, an index of the
    /// models' names is all that is needed, and where there are few, the planner sees how few.
    /// </summary>
    private async Task<IQueryable<Model>> SearchedAsync(IQueryable<Model> models, Caller caller, string? search, CancellationToken cancellation)
    {
        if (search is not { Length: > 0 })
            return models;
        var pattern = LikePattern.Containing(search.ToLowerInvariant());
        var visible = access.VisibleIds(caller);
        var experiments = db.Experiments.Where(x => visible.Contains(x.ProjectId) && EF.Functions.Like(x.Name.ToLower(), pattern, "\\")).Select(x => x.Id);
        var projects = db.Projects.Where(p => visible.Contains(p.Id) && EF.Functions.Like(p.Name.ToLower(), pattern, "\\")).Select(p => p.Id);
        var ofExperiments = await experiments.Take(MostNamed + 1).ToListAsync(cancellation);
        var ofProjects = await projects.Take(MostNamed + 1).ToListAsync(cancellation);
        if (ofExperiments.Count + ofProjects.Count == 0)
            return models.Where(m => EF.Functions.Like(EF.Property<string>(m, SearchText), pattern, "\\"));
        if (Math.Max(ofExperiments.Count, ofProjects.Count) > MostNamed)
        {
            return models.Where(m => EF.Functions.Like(EF.Property<string>(m, SearchText), pattern, "\\")
                || experiments.Contains(m.ExperimentId) || projects.Contains(m.ProjectId));
        }
        return models.Where(m => EF.Functions.Like(EF.Property<string>(m, SearchText), pattern, "\\")
            || ofExperiments.Contains(m.ExperimentId) || ofProjects.Contains(m.ProjectId));
    }

    private static (string Metric, bool Descending) OrderOf(string metric, bool? asked)
    {
        var descending = asked ?? !(MetricDirection.IsLoss(metric) || metric == PerClassError);
        if (metric == PerClassError) // one less the macro recall
            return ("macro_recall", !descending);
        if (!Sortable.Contains(metric))
            throw ModelHubException.Invalid("sort_metric", $"'sort_metric' is one of {string.Join(", ", Sortable)}, {PerClassError}.");
        return (metric, descending);
    }

    private IQueryable<Guid> Serving(DeploymentStage stage) => ModelService.Serving(db, stage);
}

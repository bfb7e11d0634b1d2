using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Datasets;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Experiments;

/// <summary>What a caller asks a search for.</summary>
public sealed record NewExperiment(
    Guid? ProjectId, Guid DatasetVersionId, string? Name, string? Target, string ProblemType, ExperimentConfig Config, string Origin = "hub");

/// <summary>An experiment with how far it is.</summary>
/// <param name="SecondsLeft">Of a running search, as far as can be told; null otherwise.</param>
public sealed record ExperimentView(
    Experiment Experiment, double Progress, string? Message, SearchLive? Live = null, int? TrialsPlanned = null, double? SecondsLeft = null);

/// <summary>AutoML runs: started, watched, cancelled, deleted.</summary>
public sealed class ExperimentService(HubDbContext db, ProjectAccess access, JobService jobs, TimeProvider clock)
{
    /// <summary>As often as running jobs tell how far they are.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    public async Task<Experiment> CreateAsync(Caller caller, NewExperiment wanted, CancellationToken cancellation)
    {
        var version = await CheckAsync(caller, wanted, cancellation);
        var name = Names.Checked(wanted.Name);
        var now = clock.GetUtcNow();
        var experiment = new Experiment(
            version.Dataset.ProjectId, version.Dataset.Id, version.Version.Id, name, wanted.Target!, wanted.ProblemType, wanted.Config,
            wanted.Origin, caller.UserId, now);
        var job = new Job(TrainHandler.JobKind, JobLane.Heavy, caller.UserId, experiment.ProjectId, experiment.Id, "{}", now, TrainHandler.MaxAttempts);
        experiment.RunBy(job);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        db.Experiments.Add(experiment);
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveOrConflictAsync("model_name_taken", $"A model called '{name}' already exists for this dataset.", cancellation);
        await transaction.CommitAsync(cancellation);
        return experiment;
    }

    /// <summary>The data that a search would learn from.</summary>
    /// <exception cref="ModelHubException">The search would be refused.</exception>
    internal async Task<(DatasetVersion Version, Dataset Dataset)> CheckAsync(Caller caller, NewExperiment wanted, CancellationToken cancellation)
    {
        var version = await VersionAsync(caller, wanted.DatasetVersionId, wanted.ProjectId, cancellation);
        ExperimentRules.Check(wanted, DatasetService.Columns(version.Version));
        if (wanted.Config.ValidationVersionId is { } validation)
            await VersionAsync(caller, validation, version.Dataset.ProjectId, cancellation);
        return version;
    }

    /// <summary>An experiment now, at every change of it, every few seconds, and once it has ended.</summary>
    public async IAsyncEnumerable<ExperimentView> WatchAsync(Caller caller, Guid id, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Glance, clock);
        (double, string?, int, ExperimentStatus)? told = null;
        var silent = 0;
        do
        {
            var view = await GetAsync(caller, id, cancellation);
            var state = (view.Progress, view.Message, view.Live?.TrialsDone ?? 0, view.Experiment.Status);
            if (state != told || ++silent >= 5)
                yield return view;
            silent = state == told ? silent % 5 : 0;
            told = state;
            if (view.Experiment.FinishedAt is not null)
                yield break;
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    public async Task<ExperimentView> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var experiment = await VisibleAsync(caller, id, ProjectRole.Viewer, cancellation);
        return (await ViewAsync([experiment], cancellation))[0];
    }

    public async Task<Page<ExperimentView>> ListAsync(Caller caller, Guid? projectId, Paging paging, CancellationToken cancellation)
    {
        var experiments = db.Experiments.AsNoTracking()
            .Where(x => access.VisibleIds(caller).Contains(x.ProjectId) && (projectId == null || x.ProjectId == projectId));
        var page = await experiments.NewestFirstAsync(paging, cancellation);
        return page.With(await ViewAsync(page.Items, cancellation));
    }

    /// <summary>An automl model by its dataset and name.</summary>
    public async Task<Experiment> GetByNameAsync(Guid datasetId, string name, CancellationToken cancellation) =>
        await db.Experiments.AsNoTracking().FirstOrDefaultAsync(x => x.DatasetId == datasetId && x.Name == name && x.Origin == "automl", cancellation)
        ?? throw ModelHubException.NotFound("model");

    public async Task<IReadOnlyList<Experiment>> ListOfDatasetAsync(Guid datasetId, CancellationToken cancellation) =>
        await db.Experiments.AsNoTracking().Where(x => x.DatasetId == datasetId && x.Origin == "automl")
            .OrderBy(x => x.CreatedAt).ThenBy(x => x.Id).ToListAsync(cancellation);

    public async Task<ExperimentView> CancelAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var experiment = await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        if (experiment.FinishedAt is not null)
            throw new ModelHubException(ErrorKind.WrongState, "experiment_ended", "The experiment has already ended.");
        await jobs.CancelAsync(caller, experiment.JobId, cancellation);
        return await GetAsync(caller, id, cancellation);
    }

    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var experiment = await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        if (experiment.FinishedAt is null)
            await jobs.CancelAsync(caller, experiment.JobId, cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await DeployedModels.RequireFreeAsync(
            db, await db.Models.Where(m => m.ExperimentId == id).Select(m => m.Id).ToListAsync(cancellation), "model", cancellation);
        await db.Database.ExecuteSqlAsync($"select pg_notify({Notifications.Serving}, m.id::text) from models m where m.experiment_id = {id}", cancellation);
        await db.Experiments.Where(x => x.Id == id).ExecuteDeleteAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private async Task<List<ExperimentView>> ViewAsync(IReadOnlyList<Experiment> experiments, CancellationToken cancellation)
    {
        var ids = experiments.Select(x => x.JobId).ToList();
        var told = await db.Jobs.AsNoTracking().Where(j => ids.Contains(j.Id))
            .Select(j => new { j.Id, j.Progress, j.Message }).ToDictionaryAsync(j => j.Id, cancellation);
        return [.. experiments.Select(x => told.TryGetValue(x.JobId, out var job) ? View(x, job.Progress, job.Message) : View(x, 1, null))];
    }

    private ExperimentView View(Experiment experiment, double progress, string? message)
    {
        var live = SearchLive.Of(experiment.Live);
        var most = experiment.Config is { Mode: "high_speed", MaxModels: > 2 } ? 2 : experiment.Config.MaxModels;
        var planned = most is { } bound ? Math.Max(bound, live.TrialsDone) : (int?)null;
        return new ExperimentView(experiment, progress, message, live, planned, SecondsLeft(experiment, live.TrialsDone, planned));
    }

    /// <summary>What is left of the time, or what the trials left will take when they take as long as those before.</summary>
    private double? SecondsLeft(Experiment experiment, int done, int? planned)
    {
        if (experiment.FinishedAt is not null || experiment.StartedAt is not { } started)
            return null;
        var elapsed = (clock.GetUtcNow() - started).TotalSeconds;
        var byTime = PlanningService.BudgetOf(experiment.Config)?.TotalSeconds - elapsed;
        var byTrials = planned is { } all && done > 0 ? elapsed / done * (all - done) : (double?)null;
        var left = byTime is { } a && byTrials is { } b ? Math.Min(a, b) : byTime ?? byTrials;
        return left is { } seconds ? Math.Max(0, seconds) : null;
    }

    private async Task<Experiment> VisibleAsync(Caller caller, Guid id, ProjectRole least, CancellationToken cancellation)
    {
        var experiment = await db.Experiments.AsNoTracking().FirstOrDefaultAsync(x => x.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("experiment");
        await access.RequireAsync(caller, experiment.ProjectId, least, "experiment", cancellation);
        return experiment;
    }

    private async Task<(DatasetVersion Version, Dataset Dataset)> VersionAsync(
        Caller caller, Guid versionId, Guid? projectId, CancellationToken cancellation)
    {
        var found = await (from v in db.DatasetVersions.AsNoTracking()
                           join d in db.Datasets.AsNoTracking() on v.DatasetId equals d.Id
                           where v.Id == versionId && (projectId == null || d.ProjectId == projectId)
                           select new { v, d }).FirstOrDefaultAsync(cancellation) ?? throw ModelHubException.NotFound("dataset version");
        await access.RequireAsync(caller, found.d.ProjectId, ProjectRole.Editor, "dataset version", cancellation);
        return (found.v, found.d);
    }
}

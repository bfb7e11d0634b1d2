using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Explanations;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;
using ModelHub.Application.Storage;
using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Experiments;

/// <summary>
/// Leads a search and publishes its leaderboard in one transaction. Parts that are done are kept: after a crash the search goes on with them,
/// and other workers may compute some.
/// </summary>
public sealed class TrainHandler(
    HubDbContext db, DatasetTables tables, IArtifactStore store, IServiceScopeFactory scopes, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "experiment.train";

    /// <summary>Every part that is stored starts the count anew; these are attempts without any progress.</summary>
    public const int MaxAttempts = 10;

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var experimentId = run.Job.SubjectId!.Value;
        var experiment = await db.Experiments.AsNoTracking().FirstOrDefaultAsync(x => x.Id == experimentId, cancellation)
            ?? throw ModelHubException.NotFound("experiment");
        await run.SaveAsync(
            async fresh =>
            {
                (await OwnAsync(fresh, experimentId)).Start(clock.GetUtcNow());
                await AssistHandler.InviteAsync(fresh, run.Job, experimentId, clock.GetUtcNow());
            },
            cancellation);
        var table = await tables.ReadAsync(experiment.DatasetVersionId, cancellation);
        var validation = experiment.Config.ValidationVersionId is { } id ? await tables.ReadAsync(id, cancellation) : null;
        run.Log($"{table.RowCount} rows of {table.Columns.Count} columns");
        var entries = new List<Entry>();
        var live = SearchLive.None;
        SearchResult? result = null;
        try
        {
            var journal = new SearchJournal(scopes, store, clock, experimentId, run.Job);
            void Hear(double share, string message, CandidateResult latest)
            {
                entries.Add(StoreAsync(latest).GetAwaiter().GetResult());
                run.Report(share, message);
                live = live.With(latest, experiment.Config.Metric);
                TellAsync(run, experimentId, live).GetAwaiter().GetResult();
                run.Log($"{latest.Name}: {latest.Failure ?? $"{latest.TrainSeconds:0.00} s"}");
            }
            // A thread of its own, since it is busy for long.
            result = await Task.Factory.StartNew(
                () => AutoMlSearch.Run(table, OptionsOf(experiment, validation, run.Threads), Hear, clock, cancellation, journal),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (EngineException refusal)
        {
            throw new ModelHubException(ErrorKind.Invalid, "cannot_train", refusal.Message, inner: refusal);
        }
        catch (OperationCanceledException) when (run.CancelRequested)
        {
            // What was trained before the cancel stays on the leaderboard.
        }
        entries.Sort((a, b) => (a.Candidate.Rank, a.Candidate.Number).CompareTo((b.Candidate.Rank, b.Candidate.Number)));
        await run.CommitAsync(fresh => PublishAsync(fresh, experiment, result, entries, run.CancelRequested), CancellationToken.None);
    }

    public async Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation)
    {
        await AssistHandler.DismissAsync(db, job.SubjectId!.Value, clock.GetUtcNow());
        if (await db.Experiments.FirstOrDefaultAsync(x => x.Id == job.SubjectId, cancellation) is not { } experiment)
            return;
        var status = job.Status == JobStatus.Cancelled ? ExperimentStatus.Cancelled : ExperimentStatus.Failed;
        experiment.End(status, clock.GetUtcNow(), job.ErrorMessage);
    }

    /// <summary>A database that is away does not stop the search; the next trial tells again.</summary>
    private static async Task TellAsync(IJobRun run, Guid experimentId, SearchLive live)
    {
        try
        {
            await run.SaveAsync(async fresh => (await OwnAsync(fresh, experimentId)).Tell(live.ToJson()), CancellationToken.None);
        }
        catch (Exception away) when (DatabaseDown.Is(away))
        {
            run.Log($"The database was away: {live.TrialsDone} trials could not be told.");
        }
    }

    internal static SearchMode ModeOf(string mode) => mode switch
    {
        "high_speed" => SearchMode.HighSpeed,
        "high_accuracy" => SearchMode.HighAccuracy,
        _ => SearchMode.Balanced,
    };

    internal static AutoMlOptions OptionsOf(Experiment experiment, Table? validation, int threads) => new()
    {
        Target = experiment.Target,
        IsRegression = experiment.ProblemType == "auto" ? null : experiment.ProblemType == "regression",
        Mode = ModeOf(experiment.Config.Mode),
        MaxModels = experiment.Config.MaxModels,
        MaxRuntime = experiment.Config.MaxRuntimeSecs is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Folds = experiment.Config.Folds,
        FoldColumn = experiment.Config.FoldColumn,
        GroupColumn = experiment.Config.GroupColumn,
        TimeColumn = experiment.Config.TimeColumn,
        MaxMicrosPerRow = experiment.Config.MaxMicrosPerRow,
        Seed = (ulong)experiment.Config.Seed,
        Metric = experiment.Config.Metric,
        Threads = threads,
        Categorical = experiment.Config.CategoricalColumns.ToHashSet(StringComparer.Ordinal),
        Ignored = experiment.Config.IgnoredColumns.ToHashSet(StringComparer.Ordinal),
        Validation = validation,
        KeepsBestOnly = true,
    };

    /// <summary>Stores a candidate as soon as it is there, so that nothing but rows is left to write at the end.</summary>
    private async Task<Entry> StoreAsync(CandidateResult candidate)
    {
        if (candidate.Model is null)
            return new Entry(candidate, null, "{}", null);
        var artifact = await store.PutAsync((file, stop) => Task.Run(() => candidate.Model.WriteArtifact(file), stop), CancellationToken.None);
        return new Entry(candidate with { Model = null, Outputs = [], Truth = [] }, artifact, ReportOf(candidate, clock.GetUtcNow()), candidate.Model.Task.ToString().ToLowerInvariant());
    }

    private async Task PublishAsync(HubDbContext fresh, Experiment seen, SearchResult? result, List<Entry> entries, bool cancelled)
    {
        var now = clock.GetUtcNow();
        var experiment = await OwnAsync(fresh, seen.Id);
        var task = entries.Find(e => e.Task is not null)?.Task ?? seen.ProblemType;
        experiment.Learned(task, result is null ? null : JsonSerializer.Serialize(result.Dropped, StoredJson.Options));
        var best = true;
        foreach (var (candidate, artifact, report, _) in entries)
        {
            var model = new Model(seen.ProjectId, seen.Id, $"{candidate.Name}_AutoML", candidate.Algorithm, task, now);
            if (artifact is null)
            {
                model.Failed(candidate.Failure ?? "not trained", candidate.TrainSeconds);
            }
            else
            {
                await ArtifactRows.EnsureAsync(fresh, artifact, now, CancellationToken.None);
                model.Trained(artifact.Sha256, artifact.Size, candidate.TrainSeconds, candidate.MicrosPerRow);
                model.Describe(
                    candidate.Report!.Metrics.Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal),
                    [.. candidate.FoldScores.Where(double.IsFinite)],
                    JsonSerializer.Serialize(candidate.Parameters, StoredJson.Options), report);
                model.Crown(best);
                if (best)
                    experiment.Best(model.Id);
                best = false;
            }
            fresh.Models.Add(model);
        }
        if (!best) // there is something to explain
        {
            fresh.Jobs.Add(new Job(ExplanationHandler.JobKind, JobLane.Light, seen.CreatedBy, seen.ProjectId, seen.Id, "{}", now));
            await fresh.NotifyAsync(Notifications.Jobs, "", CancellationToken.None);
        }
        await AssistHandler.DismissAsync(fresh, seen.Id, now);
        experiment.End(cancelled ? ExperimentStatus.Cancelled : ExperimentStatus.Succeeded, now);
    }

    private static string ReportOf(CandidateResult candidate, DateTimeOffset now) => JsonSerializer.Serialize(
        ModelReport.OfValidation(
            ModelReport.Of(candidate.Report!) with
            {
                VariableImportance = [.. candidate.Importance.Select(v => new ImportanceShare(v.Variable, v.Percentage, v.Scaled))],
                ScoringHistory = [.. candidate.History.Select(h => new ScoringStep(now, h.Step, h.TrainingLoss, h.ValidationLoss))],
            },
            candidate.Model!.Task, candidate.Model.Classes, candidate.Outputs, candidate.Truth), StoredJson.Options);

    private static async Task<Experiment> OwnAsync(HubDbContext fresh, Guid id) =>
        await fresh.Experiments.FirstOrDefaultAsync(x => x.Id == id) ?? throw ModelHubException.NotFound("experiment");

    /// <summary>A line of the leaderboard whose bytes are stored already.</summary>
    private sealed record Entry(CandidateResult Candidate, StoredArtifact? Artifact, string Report, string? Task);
}

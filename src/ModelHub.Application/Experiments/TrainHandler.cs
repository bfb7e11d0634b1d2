using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;
using ModelHub.Application.Storage;
using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Experiments;

/// <summary>Runs a search and publishes its leaderboard in one transaction.</summary>
public sealed class TrainHandler(HubDbContext db, DatasetTables tables, IArtifactStore store, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "experiment.train";

    /// <summary>Names that the documents use: NaN and infinities do not occur in JSON.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var experimentId = run.Job.SubjectId!.Value;
        var experiment = await db.Experiments.AsNoTracking().FirstOrDefaultAsync(x => x.Id == experimentId, cancellation)
            ?? throw ModelHubException.NotFound("experiment");
        await run.SaveAsync(async fresh => (await OwnAsync(fresh, experimentId)).Start(clock.GetUtcNow()), cancellation);
        var table = await tables.ReadAsync(experiment.DatasetVersionId, cancellation);
        var validation = experiment.Config.ValidationVersionId is { } id ? await tables.ReadAsync(id, cancellation) : null;
        run.Log($"{table.RowCount} rows of {table.Columns.Count} columns");
        var finished = new List<CandidateResult>();
        SearchResult? result = null;
        try
        {
            result = AutoMlSearch.Run(table, OptionsOf(experiment, validation, run.Threads), (share, message, latest) =>
            {
                finished.Add(latest);
                run.Report(share, message);
                run.Log($"{latest.Name}: {latest.Failure ?? $"{latest.TrainSeconds:0.00} s"}");
            }, clock, cancellation);
        }
        catch (EngineException refusal)
        {
            throw new ModelHubException(ErrorKind.Invalid, "cannot_train", refusal.Message, inner: refusal);
        }
        catch (OperationCanceledException) when (run.CancelRequested)
        {
            // What was trained before the cancel stays on the leaderboard.
        }
        var models = result?.Candidates ?? [.. finished.OrderBy(c => c.Rank)];
        var stored = new List<(CandidateResult Candidate, StoredArtifact? Artifact)>();
        foreach (var candidate in models)
            stored.Add((candidate, await StoreAsync(candidate, CancellationToken.None)));
        await run.CommitAsync(fresh => PublishAsync(fresh, experiment, result, stored, run.CancelRequested), CancellationToken.None);
    }

    public async Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation)
    {
        if (await db.Experiments.FirstOrDefaultAsync(x => x.Id == job.SubjectId, cancellation) is not { } experiment)
            return;
        var status = job.Status == JobStatus.Cancelled ? ExperimentStatus.Cancelled : ExperimentStatus.Failed;
        experiment.End(status, clock.GetUtcNow(), job.ErrorMessage);
    }

    private static AutoMlOptions OptionsOf(Experiment experiment, Table? validation, int threads) => new()
    {
        Target = experiment.Target,
        IsRegression = experiment.ProblemType == "auto" ? null : experiment.ProblemType == "regression",
        Mode = experiment.Config.Mode switch
        {
            "high_speed" => SearchMode.HighSpeed,
            "high_accuracy" => SearchMode.HighAccuracy,
            _ => SearchMode.Balanced,
        },
        MaxModels = experiment.Config.MaxModels,
        MaxRuntime = experiment.Config.MaxRuntimeSecs is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Folds = experiment.Config.Folds,
        Seed = (ulong)experiment.Config.Seed,
        Metric = experiment.Config.Metric,
        Threads = threads,
        Categorical = experiment.Config.CategoricalColumns.ToHashSet(StringComparer.Ordinal),
        Ignored = experiment.Config.IgnoredColumns.ToHashSet(StringComparer.Ordinal),
        Validation = validation,
    };

    private async Task<StoredArtifact?> StoreAsync(CandidateResult candidate, CancellationToken cancellation)
    {
        if (candidate.Model is null)
            return null;
        var bytes = candidate.Model.ToArtifact();
        return await store.PutAsync((stream, stop) => stream.WriteAsync(bytes, stop).AsTask(), cancellation);
    }

    private async Task PublishAsync(
        HubDbContext fresh, Experiment seen, SearchResult? result, List<(CandidateResult Candidate, StoredArtifact? Artifact)> stored, bool cancelled)
    {
        var now = clock.GetUtcNow();
        var experiment = await OwnAsync(fresh, seen.Id);
        var task = stored.Find(s => s.Candidate.Model is not null).Candidate?.Model?.Task.ToString().ToLowerInvariant() ?? seen.ProblemType;
        experiment.Learned(task, result is null ? null : JsonSerializer.Serialize(result.Dropped, Json));
        var best = true;
        foreach (var (candidate, artifact) in stored)
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
                    JsonSerializer.Serialize(candidate.Parameters, Json), ReportOf(candidate, now));
                model.Crown(best);
                if (best)
                    experiment.Best(model.Id);
                best = false;
            }
            fresh.Models.Add(model);
        }
        experiment.End(cancelled ? ExperimentStatus.Cancelled : ExperimentStatus.Succeeded, now);
    }

    private static string ReportOf(CandidateResult candidate, DateTimeOffset now) => JsonSerializer.Serialize(
        ModelReport.OfValidation(
            new ModelReport
            {
                ConfusionMatrix = candidate.Report!.ConfusionMatrix is { } c ? new ConfusionCounts([.. c.Labels], c.Matrix) : null,
                RocCurve = candidate.Report.RocCurve is { } roc ? new RocPoints(roc.Fpr, roc.Tpr) : null,
                PrCurve = candidate.Report.PrCurve is { } pr ? new PrPoints(pr.Precision, pr.Recall, pr.Thresholds) : null,
                VariableImportance = [.. candidate.Importance.Select(v => new ImportanceShare(v.Variable, v.Percentage, v.Scaled))],
                ScoringHistory = [.. candidate.History.Select(h => new ScoringStep(now, h.Step, h.TrainingLoss, h.ValidationLoss))],
            },
            candidate.Model!.Task, candidate.Model.Classes, candidate.Outputs, candidate.Truth), Json);

    private static async Task<Experiment> OwnAsync(HubDbContext fresh, Guid id) =>
        await fresh.Experiments.FirstOrDefaultAsync(x => x.Id == id) ?? throw ModelHubException.NotFound("experiment");
}

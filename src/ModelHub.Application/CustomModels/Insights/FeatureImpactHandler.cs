using System.Text.Json;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>Computes the feature impact of a version by running it on its training data.</summary>
public sealed class FeatureImpactHandler(VersionRuns runs, DatasetTables tables, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "custom_model_version.feature_impact";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        var wish = JsonSerializer.Deserialize<ImpactWish>(run.Job.Payload, StoredJson.Options)!;
        await using var running = await runs.OpenAsync(id, cancellation);
        var learnt = InsightService.LearntFrom(running.Model, running.Version)
            ?? throw ModelHubException.Invalid("trainingData", "No training data is assigned to this version any more.");
        var data = await tables.ReadAsync(learnt.DatasetVersionId, cancellation);
        var target = running.Model.Target;
        var impact = await new ImpactRun(running.PredictAsync, running.Replicas, done => run.Report(done, "Asking the model"))
            .RunAsync(
                data, name => name != target.Name && name != learnt.PartitionColumn, target.Name, running.Model.TargetType, running.Classes, wish.RowCount, cancellation);
        var content = JsonSerializer.Serialize(impact, StoredJson.Options);
        await run.CommitAsync(fresh => VersionInsight.PutAsync(fresh, id, InsightKind.FeatureImpact, content, clock.GetUtcNow()), CancellationToken.None);
    }

    public Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation) => Task.CompletedTask;
}

using System.Text.Json;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>Prepares explanations of predictions: draws the rows of the training data that others are compared with, and scores them.</summary>
public sealed class ExplanationsHandler(VersionRuns runs, DatasetTables tables, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "custom_model_version.explanations";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        await using var running = await runs.OpenAsync(id, cancellation);
        var learnt = InsightService.LearntFrom(running.Model, running.Version)
            ?? throw ModelHubException.Invalid("trainingData", "No training data is assigned to this version any more.");
        var data = await tables.ReadAsync(learnt.DatasetVersionId, cancellation);
        var baseline = ExplanationBaseline.Of(data, name => name != running.Model.Target.Name && name != learnt.PartitionColumn);
        var outputs = await running.PredictAsync(baseline.ToTable(), cancellation);
        var content = JsonSerializer.Serialize(baseline with { Outputs = outputs }, StoredJson.Options);
        await run.CommitAsync(
            fresh => VersionInsight.PutAsync(fresh, id, InsightKind.Explanations, content, clock.GetUtcNow()), CancellationToken.None);
    }

    public Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation) => Task.CompletedTask;
}

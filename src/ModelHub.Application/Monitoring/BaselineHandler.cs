using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Datasets;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Monitoring;

/// <summary>Counts a deployed model's training data into bins, once per model: what drift is measured against.</summary>
public sealed class BaselineHandler(HubDbContext db, DatasetTables tables, ModelCache models, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "model.baseline";
    private const int MostRows = 20_000;

    public string Kind => JobKind;

    /// <summary>Whether a model was trained here and has no baseline yet.</summary>
    internal static Task<bool> NeedsAsync(HubDbContext db, Guid modelId, CancellationToken cancellation) =>
        db.Models.AnyAsync(m => m.Id == modelId && !db.Set<ModelBaseline>().Any(b => b.ModelId == modelId)
            && db.Experiments.Any(x => x.Id == m.ExperimentId && x.Origin != ModelImports.Origin), cancellation);

    internal static Job JobFor(Deployment deployment, Guid modelId, DateTimeOffset now) =>
        new(JobKind, JobLane.Light, deployment.CreatedBy, deployment.ProjectId, modelId, "{}", now);

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var modelId = run.Job.SubjectId!.Value;
        var versionId = await (from m in db.Models
                               join x in db.Experiments on m.ExperimentId equals x.Id
                               where m.Id == modelId
                               select (Guid?)x.DatasetVersionId).FirstOrDefaultAsync(cancellation) ?? throw ModelHubException.NotFound("model");
        var model = (await models.GetAsync(modelId, cancellation)).Trained!;
        var table = await tables.ReadAsync(versionId, cancellation);
        if (table.RowCount > MostRows)
        {
            // Every so many-th row: the order of the file is not to matter.
            var step = table.RowCount / (double)MostRows;
            table = table.Take([.. Enumerable.Range(0, MostRows).Select(i => (int)(i * step))]);
        }
        var baseline = Baseline.Of(model, table, cancellation);
        run.Log($"{baseline.Rows} rows, {baseline.Features.Count} features");
        await run.CommitAsync(
            async fresh =>
            {
                if (!await fresh.Set<ModelBaseline>().AnyAsync(b => b.ModelId == modelId, cancellation))
                    fresh.Add(new ModelBaseline { ModelId = modelId, Baseline = baseline, CreatedAt = clock.GetUtcNow() });
            },
            cancellation);
    }

    public Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation) => Task.CompletedTask;
}

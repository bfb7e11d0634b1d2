using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Explanations;

/// <summary>
/// Explains the models of a search that has ended, the best first, so that whoever asks is served from storage. Outside the search's time.
/// What is kept stays kept: after a crash the job goes on with the next model.
/// </summary>
public sealed class ExplanationHandler(HubDbContext db, ExplanationService explanations, DatasetTables tables, IArtifactStore store) : IJobHandler
{
    public const string JobKind = "experiment.explain";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var experimentId = run.Job.SubjectId!.Value;
        var open = await db.Models.AsNoTracking()
            .Where(m => m.ExperimentId == experimentId && m.ArtifactSha256 != null && !db.Set<StoredExplanation>().Any(e => e.ModelId == m.Id))
            .OrderByDescending(m => m.IsBest).ThenBy(m => m.Number).ToListAsync(cancellation);
        if (open.Count > 0)
        {
            var data = await db.Experiments.Where(x => x.Id == experimentId).Select(x => x.DatasetVersionId).RequireAsync("experiment", cancellation);
            var table = await tables.ReadAsync(data, cancellation);
            foreach (var (done, model) in open.Index())
            {
                run.Report((double)done / open.Count, $"Explaining {model.Name}");
                try
                {
                    // Past the models in memory: those are there because somebody scores with them.
                    var (trained, _) = await TrainedModelSource.ReadAsync(store, model.ArtifactSha256!, cancellation);
                    await explanations.KeepAsync(model, trained, table, cancellation);
                }
                catch (ModelHubException gone) when (gone.Kind == ErrorKind.NotFound)
                {
                    run.Log($"{model.Name} was deleted meanwhile.");
                }
            }
        }
        await run.CommitAsync(_ => Task.CompletedTask, CancellationToken.None);
    }

    public Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation) => Task.CompletedTask;
}

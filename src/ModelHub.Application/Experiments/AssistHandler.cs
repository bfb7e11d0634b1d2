using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Datasets;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Experiments;

/// <summary>
/// Helps with a search that another worker leads: computes parts that nobody has claimed. One such job always waits while a search runs, and
/// whoever takes it leaves another one, so that every idle worker joins.
/// </summary>
public sealed class AssistHandler(
    HubDbContext db, DatasetTables tables, IArtifactStore store, IServiceScopeFactory scopes, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "experiment.assist";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var experimentId = run.Job.SubjectId!.Value;
        var experiment = await db.Experiments.AsNoTracking().FirstOrDefaultAsync(x => x.Id == experimentId, cancellation);
        if (experiment is { Status: ExperimentStatus.Running } && await IsLedAsync(experiment.JobId, cancellation))
        {
            await run.SaveAsync(fresh => InviteAsync(fresh, run.Job, experimentId, clock.GetUtcNow()), cancellation);
            var table = await tables.ReadAsync(experiment.DatasetVersionId, cancellation);
            var validation = experiment.Config.ValidationVersionId is { } id ? await tables.ReadAsync(id, cancellation) : null;
            var journal = new SearchJournal(scopes, store, clock, experimentId, run.Job);
            await Task.Factory.StartNew(
                () => AutoMlSearch.Assist(table, TrainHandler.OptionsOf(experiment, validation, run.Threads), clock, journal, cancellation),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        await run.CommitAsync(_ => Task.CompletedTask, CancellationToken.None);
    }

    public Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Leaves a job for whichever worker is idle, unless one waits already.</summary>
    internal static async Task InviteAsync(HubDbContext fresh, Job by, Guid experimentId, DateTimeOffset now)
    {
        if (await fresh.Jobs.AnyAsync(j => j.SubjectId == experimentId && j.Kind == JobKind && j.Status == JobStatus.Queued))
            return;
        fresh.Jobs.Add(new Job(JobKind, JobLane.Heavy, by.OwnerId, by.ProjectId, experimentId, "{}", now));
        await fresh.NotifyAsync(Notifications.Jobs, "", CancellationToken.None);
    }

    /// <summary>The search has ended: who helps with it stops, and its parts go.</summary>
    internal static async Task DismissAsync(HubDbContext fresh, Guid experimentId, DateTimeOffset now)
    {
        await fresh.Database.ExecuteSqlAsync(
            $"""
             update jobs set cancel_requested = true, status = case when status = 'Queued' then 'Cancelled' else status end,
                             finished_at = case when status = 'Queued' then {now} else finished_at end
             where subject_id = {experimentId} and kind = {JobKind} and status in ('Queued', 'Running')
             """);
        await fresh.Database.ExecuteSqlAsync($"delete from search_parts where experiment_id = {experimentId}");
    }

    /// <summary>Without its leader a search waits for one; the leader's worker may have died.</summary>
    private Task<bool> IsLedAsync(Guid jobId, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        return db.Jobs.AnyAsync(j => j.Id == jobId && j.Status == JobStatus.Running && j.LeaseUntil > now, cancellation);
    }
}

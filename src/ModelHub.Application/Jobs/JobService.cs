using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Jobs;

/// <summary>Jobs as their owners see them, and how they are queued.</summary>
public sealed class JobService(HubDbContext db, ProjectAccess access, TimeProvider clock, IEnumerable<IJobHandler> handlers)
{
    private const int MostQueued = 1000;

    /// <summary>
    /// Queues a job in the caller's unit of work: it exists exactly when the row it serves does. Saves nothing by itself; call it within
    /// a transaction, since the wake-up is sent with the transaction's commit.
    /// </summary>
    public async Task EnqueueAsync(Job job, CancellationToken cancellation)
    {
        if (await db.Jobs.CountAsync(j => j.OwnerId == job.OwnerId && j.Status == JobStatus.Queued, cancellation) >= MostQueued)
            throw new ModelHubException(ErrorKind.RateLimited, "queue_full", $"You have {MostQueued} jobs waiting; wait for some to end.");
        db.Jobs.Add(job);
        await WakeAsync(cancellation);
    }

    public async Task<Page<Job>> ListAsync(Caller caller, Guid? projectId, JobStatus? status, Paging paging, CancellationToken cancellation)
    {
        var jobs = Visible(caller).AsNoTracking()
            .Where(j => j.Kind != Experiments.AssistHandler.JobKind && (projectId == null || j.ProjectId == projectId) && (status == null || j.Status == status));
        return await jobs.NewestFirstAsync(paging, cancellation);
    }

    public async Task<Job> GetAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        await Visible(caller).AsNoTracking().FirstOrDefaultAsync(j => j.Id == id, cancellation) ?? throw ModelHubException.NotFound("job");

    /// <summary>Asks a job to end. A queued one has ended when this returns; a running one ends within seconds.</summary>
    public async Task<Job> CancelAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var seen = await GetAsync(caller, id, cancellation);
        if (seen.ProjectId is { } projectId)
            await access.RequireAsync(caller, projectId, ProjectRole.Editor, "job", cancellation);
        return await CancelAsync(id, cancellation);
    }

    /// <summary>The same, for whoever was found to have the right to it by what the job works on.</summary>
    internal async Task<Job> CancelAsync(Guid id, CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var job = await db.Jobs.FromSql($"select * from jobs where id = {id} for update").RequireAsync("job", cancellation);
        await CancelAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await WakeAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return job;
    }

    /// <summary>Cancels all jobs of a project, within the caller's transaction.</summary>
    internal async Task CancelOfProjectAsync(Guid projectId, CancellationToken cancellation)
    {
        var open = await db.Jobs.FromSql($"select * from jobs where project_id = {projectId} and status in ('Queued', 'Running') order by id for update")
            .ToListAsync(cancellation);
        foreach (var job in open)
            await CancelAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await WakeAsync(cancellation);
    }

    private async Task CancelAsync(Job job, CancellationToken cancellation)
    {
        var wasFinished = job.IsFinished;
        job.Cancel(clock.GetUtcNow());
        if (job.IsFinished && !wasFinished && handlers.FirstOrDefault(h => h.Kind == job.Kind) is { } handler)
            await handler.EndedAsync(db, job, cancellation);
    }

    private Task WakeAsync(CancellationToken cancellation) => db.NotifyAsync(Notifications.Jobs, "", cancellation);

    private IQueryable<Job> Visible(Caller caller) =>
        db.Jobs.Where(j => j.ProjectId == null ? j.OwnerId == caller.UserId : access.VisibleIds(caller).Contains(j.ProjectId.Value));
}

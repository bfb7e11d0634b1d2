using System.IO.Pipelines;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Batches;

/// <summary>A batch with its job.</summary>
public sealed record BatchView(BatchPrediction Batch, Job? Job);

/// <summary>Files scored by jobs: begun, watched, fetched, deleted.</summary>
public sealed class BatchService(HubDbContext db, ProjectAccess access, IArtifactStore store, JobService jobs, TimeProvider clock)
{
    /// <param name="body">The rows, unpacked.</param>
    public async Task<BatchView> CreateAsync(
        Caller caller, LoadedModel model, PipeReader body, BatchFormat input, BatchFormat output, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, model.ProjectId, ProjectRole.Editor, "model", cancellation);
        var stored = await store.PutAsync((stream, stop) => body.CopyToAsync(stream, stop), cancellation);
        if (stored.Size == 0)
            throw ModelHubException.Invalid("file", "The file is empty.");
        var now = clock.GetUtcNow();
        var batch = new BatchPrediction(model.ProjectId, model.Id, stored.Sha256, input, output, caller.UserId, now);
        var job = new Job(BatchHandler.JobKind, JobLane.Light, caller.UserId, model.ProjectId, batch.Id, "{}", now);
        batch.RunBy(job);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await access.RequireRoomAsync(model.ProjectId, [stored], cancellation);
        await ArtifactRows.EnsureAsync(db, stored, now, cancellation);
        db.Add(batch);
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return new BatchView(batch, job);
    }

    public async Task<Page<BatchView>> ListAsync(Caller caller, Guid? projectId, Guid? modelId, Paging paging, CancellationToken cancellation)
    {
        var batches = db.Set<BatchPrediction>().AsNoTracking().Where(b => access.VisibleIds(caller).Contains(b.ProjectId)
            && (projectId == null || b.ProjectId == projectId) && (modelId == null || b.ModelId == modelId));
        return await Views(batches).ToPageAsync(paging, cancellation);
    }

    public async Task<BatchView> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        await VisibleAsync(caller, id, ProjectRole.Viewer, cancellation);
        return await Views(db.Set<BatchPrediction>().AsNoTracking().Where(b => b.Id == id)).FirstOrDefaultAsync(cancellation)
            ?? throw ModelHubException.NotFound("batch prediction");
    }

    /// <exception cref="ModelHubException">It is not there yet, or never will be.</exception>
    public async Task<(Stream Bytes, BatchPrediction Batch)> OpenResultAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var (batch, job) = await GetAsync(caller, id, cancellation);
        if (batch.ResultSha256 is { } sha256)
            return (await store.OpenCheckedAsync(sha256, cancellation), batch);
        throw new ModelHubException(
            ErrorKind.WrongState, "no_result", job?.ErrorMessage is { } why ? $"The file was not scored: {why}" : "The file is not scored yet.");
    }

    /// <summary>With its result; what still runs is cancelled.</summary>
    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var batch = await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        if (batch.ResultSha256 is null)
            await jobs.CancelAsync(caller, batch.JobId, cancellation);
        await db.Set<BatchPrediction>().Where(b => b.Id == id).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>Both of one moment: whose job has succeeded has its result. The newest first.</summary>
    private IQueryable<BatchView> Views(IQueryable<BatchPrediction> batches) =>
        from b in batches
        join j in db.Jobs.AsNoTracking() on b.JobId equals j.Id into own
        from j in own.DefaultIfEmpty()
        orderby b.CreatedAt descending, b.Id
        select new BatchView(b, j);

    private async Task<BatchPrediction> VisibleAsync(Caller caller, Guid id, ProjectRole least, CancellationToken cancellation)
    {
        var batch = await db.Set<BatchPrediction>().AsNoTracking().FirstOrDefaultAsync(b => b.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("batch prediction");
        await access.RequireAsync(caller, batch.ProjectId, least, "batch prediction", cancellation);
        return batch;
    }
}

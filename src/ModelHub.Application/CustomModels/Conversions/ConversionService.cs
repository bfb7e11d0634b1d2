using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Conversions;

/// <summary>Conversions of versions: started, found, stopped.</summary>
public sealed class ConversionService(HubDbContext db, VersionService versions, CustomModelViews views, JobService jobs, TimeProvider clock)
{
    /// <exception cref="ModelHubException">The version has no such file, is frozen, or is being converted already.</exception>
    public async Task<Conversion> StartAsync(Caller caller, Guid modelId, Guid versionId, Guid itemId, CancellationToken cancellation)
    {
        var version = await versions.FindAsync(caller, modelId, versionId, SharingRight.Edit, cancellation);
        if (!version.Files.Exists(f => f.Id == itemId))
            throw ModelHubException.Invalid("mainProgramItemId", "The version has no such file.");
        await views.RequireChangeableAsync(version, "mainProgramItemId", cancellation);
        var project = await db.Set<CustomModel>().Where(m => m.Id == modelId).Select(m => m.ProjectId).RequireAsync("custom model", cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Database.ExecuteSqlAsync($"select 1 from custom_models where id = {modelId} for update", cancellation);
        if (await db.Set<Conversion>().AnyAsync(c => c.VersionId == versionId && c.EndedAt == null, cancellation))
            throw ModelHubException.Invalid("mainProgramItemId", "This version is being converted already.");
        var now = clock.GetUtcNow();
        var job = new Job(ProgramHandler.JobKind, JobLane.Light, caller.UserId, project, HubId.New(now), "{}", now);
        var conversion = new Conversion(job.SubjectId!.Value, versionId, itemId, job.Id, now);
        db.Add(conversion);
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return conversion;
    }

    /// <summary>The newest first.</summary>
    public async Task<Page<Conversion>> ListAsync(
        Caller caller, Guid modelId, Guid versionId, bool latestOnly, Paging paging, CancellationToken cancellation)
    {
        await versions.FindAsync(caller, modelId, versionId, SharingRight.Use, cancellation);
        var rows = db.Set<Conversion>().AsNoTracking().Where(c => c.VersionId == versionId);
        if (latestOnly)
            rows = rows.Where(c => !db.Set<Conversion>().Any(other => other.VersionId == versionId && other.CreatedAt > c.CreatedAt));
        return await rows.Include(c => c.Outputs).OrderByDescending(c => c.CreatedAt).ThenBy(c => c.Id).ToPageAsync(paging, cancellation);
    }

    public async Task<Conversion> GetAsync(Caller caller, Guid modelId, Guid versionId, Guid id, CancellationToken cancellation)
    {
        await versions.FindAsync(caller, modelId, versionId, SharingRight.Use, cancellation);
        return await db.Set<Conversion>().AsNoTracking().Include(c => c.Outputs).FirstOrDefaultAsync(c => c.Id == id && c.VersionId == versionId, cancellation)
            ?? throw ModelHubException.NotFound("conversion");
    }

    /// <exception cref="ModelHubException">It has ended already (422).</exception>
    public async Task StopAsync(Caller caller, Guid modelId, Guid versionId, Guid id, CancellationToken cancellation)
    {
        await versions.FindAsync(caller, modelId, versionId, SharingRight.Edit, cancellation);
        var seen = await GetAsync(caller, modelId, versionId, id, cancellation);
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellation))
        {
            (await db.Set<Conversion>().FromSql($"select * from custom_model_conversions where id = {id} for update").RequireAsync("conversion", cancellation)).Stop();
            await db.SaveChangesAsync(cancellation);
            await transaction.CommitAsync(cancellation);
        }
        await jobs.CancelAsync(seen.JobId, cancellation);
    }
}

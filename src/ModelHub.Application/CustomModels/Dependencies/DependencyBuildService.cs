using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Dependencies;

/// <summary>Dependency builds: started, looked at, cancelled.</summary>
public sealed class DependencyBuildService(HubDbContext db, VersionService versions, CustomModelViews views, JobService jobs, TimeProvider clock)
{
    /// <summary>Starts a build; a build that has ended is made anew.</summary>
    /// <exception cref="ModelHubException">The version has no dependencies, is frozen, or is being built already.</exception>
    public async Task<DependencyBuild> StartAsync(Caller caller, Guid modelId, Guid versionId, CancellationToken cancellation)
    {
        var version = await versions.FindAsync(caller, modelId, versionId, SharingRight.Edit, cancellation);
        if (version.Dependencies.Count == 0)
            throw ModelHubException.Invalid("customModelVersionId", "This version has no dependencies: no requirements.txt at the top of its files, or an empty one.");
        await views.RequireChangeableAsync(version, "customModelVersionId", cancellation);
        var project = await db.Set<CustomModel>().Where(m => m.Id == modelId).Select(m => m.ProjectId).RequireAsync("custom model", cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Database.ExecuteSqlAsync($"select 1 from custom_models where id = {modelId} for update", cancellation);
        if (await db.Set<DependencyBuild>().FirstOrDefaultAsync(b => b.VersionId == versionId, cancellation) is { } before)
        {
            if (before.IsOpen)
                throw ModelHubException.Invalid("customModelVersionId", "The dependencies of this version are being built already.");
            db.Remove(before);
            await db.SaveChangesAsync(cancellation);
        }
        var now = clock.GetUtcNow();
        var job = new Job(DependencyBuildHandler.JobKind, JobLane.Light, caller.UserId, project, versionId, "{}", now);
        var build = new DependencyBuild(versionId, job.Id, now);
        db.Add(build);
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return build;
    }

    public async Task<DependencyBuild> GetAsync(Caller caller, Guid modelId, Guid versionId, CancellationToken cancellation)
    {
        await versions.FindAsync(caller, modelId, versionId, SharingRight.Use, cancellation);
        return await OfAsync(versionId, cancellation) ?? throw ModelHubException.NotFound("dependency build");
    }

    /// <summary>What a build that has ended said.</summary>
    /// <exception cref="ModelHubException">None was started (422), or it has not ended yet (404).</exception>
    public async Task<string> LogAsync(Caller caller, Guid modelId, Guid versionId, CancellationToken cancellation)
    {
        await versions.FindAsync(caller, modelId, versionId, SharingRight.Use, cancellation);
        var build = await OfAsync(versionId, cancellation) ?? throw NotStarted();
        return build.IsOpen ? throw ModelHubException.NotFound("log: the build has not ended yet") : build.Log;
    }

    /// <summary>Ends a build that runs, and forgets it.</summary>
    /// <exception cref="ModelHubException">None was started (422), or it has ended already (409).</exception>
    public async Task CancelAsync(Caller caller, Guid modelId, Guid versionId, CancellationToken cancellation)
    {
        await versions.FindAsync(caller, modelId, versionId, SharingRight.Edit, cancellation);
        var build = await OfAsync(versionId, cancellation) ?? throw NotStarted();
        if (!build.IsOpen)
            throw ModelHubException.Conflict("build_ended", "The build has ended already.");
        await jobs.CancelAsync(build.JobId, cancellation);
        await db.Set<DependencyBuild>().Where(b => b.VersionId == versionId && b.JobId == build.JobId).ExecuteDeleteAsync(cancellation);
    }

    private Task<DependencyBuild?> OfAsync(Guid versionId, CancellationToken cancellation) =>
        db.Set<DependencyBuild>().AsNoTracking().FirstOrDefaultAsync(b => b.VersionId == versionId, cancellation);

    private static ModelHubException NotStarted() =>
        ModelHubException.Invalid("customModelVersionId", "No dependency build was started for this version.");
}

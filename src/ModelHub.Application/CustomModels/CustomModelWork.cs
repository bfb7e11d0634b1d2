using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels.Conversions;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>Work, with the custom model or environment and the version of it that it was done for.</summary>
/// <param name="Version">The work's subject, unless that is a conversion.</param>
public sealed record KnownWork(Job Job, Guid? Parent, Guid? Version);

/// <summary>Work that somebody asked for.</summary>
public sealed class CustomModelWork(HubDbContext db, JobService jobs)
{
    /// <summary>Own work is seen also where the model is only shared and its project is not.</summary>
    public async Task<KnownWork> FindAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var job = await db.Jobs.AsNoTracking().FirstOrDefaultAsync(j => j.Id == id && j.OwnerId == caller.UserId, cancellation)
            ?? await SeenAsync(caller, id, cancellation);
        var version = await db.Set<Conversion>().Where(c => c.Id == job.SubjectId).Select(c => (Guid?)c.VersionId).FirstOrDefaultAsync(cancellation) ?? job.SubjectId;
        var parents = await db.Set<CustomModelVersion>().Where(v => v.Id == version).Select(v => v.ModelId)
            .Concat(db.Set<EnvironmentVersion>().Where(v => v.Id == version).Select(v => v.EnvironmentId)).ToListAsync(cancellation);
        return new KnownWork(job, parents.Count == 0 ? null : parents[0], version);
    }

    private async Task<Job> SeenAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        try
        {
            return await jobs.GetAsync(caller, id, cancellation);
        }
        catch (ModelHubException unknown) when (unknown.Kind == ErrorKind.NotFound)
        {
            throw ModelHubException.NotFound("status");
        }
    }
}

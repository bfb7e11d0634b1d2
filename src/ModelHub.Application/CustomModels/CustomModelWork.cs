using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>Work that somebody asked for, with the custom model or environment whose version its subject is.</summary>
public sealed class CustomModelWork(HubDbContext db, JobService jobs)
{
    /// <summary>Own work is seen also where the model is only shared and its project is not.</summary>
    public async Task<(Job Job, Guid? Parent)> FindAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var job = await db.Jobs.AsNoTracking().FirstOrDefaultAsync(j => j.Id == id && j.OwnerId == caller.UserId, cancellation)
            ?? await SeenAsync(caller, id, cancellation);
        var parents = await db.Set<CustomModelVersion>().Where(v => v.Id == job.SubjectId).Select(v => v.ModelId)
            .Concat(db.Set<EnvironmentVersion>().Where(v => v.Id == job.SubjectId).Select(v => v.EnvironmentId)).ToListAsync(cancellation);
        return (job, parents.Count == 0 ? null : parents[0]);
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

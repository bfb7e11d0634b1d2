using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Deployments;

/// <summary>What is deployed cannot be deleted, and what is being deleted cannot be deployed.</summary>
public static class DeployedModels
{
    private const int MostLinks = 100;

    /// <summary>Holds models until the transaction ends: who deploys one and who deletes it take turns.</summary>
    public static async Task HoldAsync(HubDbContext db, IEnumerable<Guid> models, CancellationToken cancellation)
    {
        foreach (var id in models.Distinct().Order())
            await db.Database.ExecuteSqlAsync($"select pg_advisory_xact_lock(hashtextextended({id.ToString()}, 7))", cancellation);
    }

    /// <summary>Holds the models, in the caller's transaction, and refuses when one of them is deployed.</summary>
    /// <exception cref="ModelHubException">409 with the deployments.</exception>
    public static async Task RequireFreeAsync(HubDbContext db, IReadOnlyCollection<Guid> models, string noun, CancellationToken cancellation)
    {
        await HoldAsync(db, models, cancellation);
        await RequireNoneAsync(db.Set<DeploymentModel>().Where(m => models.Contains(m.ModelId)).Select(m => m.DeploymentId), noun, cancellation);
    }

    public static Task RequireFreeProjectAsync(HubDbContext db, Guid projectId, CancellationToken cancellation) =>
        RequireNoneAsync(db.Set<Deployment>().Where(d => d.ProjectId == projectId).Select(d => d.Id), "project", cancellation);

    private static async Task RequireNoneAsync(IQueryable<Guid> deployments, string noun, CancellationToken cancellation)
    {
        var found = await deployments.Distinct().Take(MostLinks).ToListAsync(cancellation);
        if (found.Count == 0)
            return;
        throw new ModelHubException(
            ErrorKind.Conflict, "deployed", $"The {noun} is deployed ({string.Join(", ", found.Take(3))}{(found.Count > 3 ? ", …" : "")}); delete its deployments first.")
        {
            Deployments = found,
        };
    }
}

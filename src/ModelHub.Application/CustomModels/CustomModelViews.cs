using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>A custom model as it is shown.</summary>
public sealed record CustomModelView(CustomModel Model, CustomModelVersionView? Latest, int Deployments, string CreatedBy);

/// <summary>A version as it is shown.</summary>
/// <param name="IsFrozen">It is or was deployed or packaged.</param>
public sealed record CustomModelVersionView(CustomModelVersion Version, bool IsFrozen);

/// <summary>Gathers what is shown beside the rows themselves, in a few statements for a whole page.</summary>
public sealed class CustomModelViews(HubDbContext db)
{
    public async Task<CustomModelView> OfAsync(CustomModel model, CancellationToken cancellation) => (await OfAsync([model], cancellation))[0];

    public async Task<IReadOnlyList<CustomModelView>> OfAsync(IReadOnlyList<CustomModel> models, CancellationToken cancellation)
    {
        var latest = models.Where(m => m.LatestVersionId != null).Select(m => m.LatestVersionId!.Value).ToList();
        var versions = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).Where(v => latest.Contains(v.Id)).ToListAsync(cancellation);
        var shown = (await OfAsync(versions, cancellation)).ToDictionary(v => v.Version.Id);
        var ids = models.Select(m => m.Id).ToList();
        var counts = await (from served in db.Set<DeploymentModel>()
                            join version in db.Set<CustomModelVersion>() on served.ModelId equals version.Id
                            where ids.Contains(version.ModelId)
                            group served.DeploymentId by version.ModelId into g
                            select new { g.Key, Count = g.Distinct().Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellation);
        var makers = models.Select(m => m.CreatedBy).Distinct().ToList();
        var names = await db.Users.Where(u => makers.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.Username, cancellation);
        return [.. models.Select(m => new CustomModelView(
            m, m.LatestVersionId is { } id ? shown.GetValueOrDefault(id) : null, counts.GetValueOrDefault(m.Id), names.GetValueOrDefault(m.CreatedBy, "")))];
    }

    public async Task<CustomModelVersionView> OfAsync(CustomModelVersion version, CancellationToken cancellation) =>
        (await OfAsync([version], cancellation))[0];

    /// <param name="field">Where the request names the version.</param>
    /// <exception cref="ModelHubException">The version is frozen.</exception>
    public async Task RequireChangeableAsync(CustomModelVersion version, string field, CancellationToken cancellation)
    {
        if ((await OfAsync(version, cancellation)).IsFrozen)
            throw ModelHubException.Invalid(field, "This version is frozen: what it runs with does not change any more. Make a new version.");
    }

    public async Task<IReadOnlyList<CustomModelVersionView>> OfAsync(IReadOnlyList<CustomModelVersion> versions, CancellationToken cancellation)
    {
        var ids = versions.Select(v => v.Id).ToList();
        var deployed = await db.Set<DeploymentModel>().Where(m => ids.Contains(m.ModelId)).Select(m => m.ModelId).ToListAsync(cancellation);
        return [.. versions.Select(v => new CustomModelVersionView(v, v.FrozenAt is not null || deployed.Contains(v.Id)))];
    }
}

using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Environments;

/// <summary>Versions of environments as they are found and downloaded.</summary>
public sealed class EnvironmentVersions(HubDbContext db, EnvironmentService environments, IArtifactStore store)
{
    public async Task<Page<EnvironmentVersion>> ListAsync(
        Caller caller, Guid environmentId, BuildStatus? status, string? search, Paging paging, CancellationToken cancellation)
    {
        await environments.RequireAsync(caller, environmentId, SharingRight.Use, cancellation);
        var rows = db.Set<EnvironmentVersion>().AsNoTracking()
            .Where(v => v.EnvironmentId == environmentId && (status == null || v.BuildStatus == status));
        if (search is { Length: > 0 })
        {
            var like = LikePattern.Containing(search);
            var id = HubId.TryParse(search, out var parsed) ? parsed : Guid.Empty;
            rows = rows.Where(v => v.Id == id || EF.Functions.ILike(v.Label, like, "\\") || EF.Functions.ILike(v.Description, like, "\\"));
        }
        return await rows.OrderByDescending(v => v.CreatedAt).ThenBy(v => v.Id).ToPageAsync(paging, cancellation);
    }

    public async Task<EnvironmentVersion> GetAsync(Caller caller, Guid environmentId, Guid id, CancellationToken cancellation)
    {
        await environments.RequireAsync(caller, environmentId, SharingRight.Use, cancellation);
        return await db.Set<EnvironmentVersion>().AsNoTracking().FirstOrDefaultAsync(v => v.EnvironmentId == environmentId && v.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("environment version");
    }

    /// <summary>The context or image as it was uploaded, with its name.</summary>
    public async Task<(Stream Bytes, string Name)> OpenAsync(EnvironmentVersion version, bool image, CancellationToken cancellation)
    {
        var (sha, name) = image ? (version.ImageSha256, version.ImageName) : (version.ContextSha256, version.ContextName);
        return sha is null ? throw ModelHubException.NotFound(image ? "image file" : "Docker context")
            : (await store.OpenCheckedAsync(sha, cancellation), string.IsNullOrEmpty(name) ? "download" : name);
    }
}

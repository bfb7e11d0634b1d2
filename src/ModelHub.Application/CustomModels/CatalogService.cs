using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>A dataset version with what a catalogue shows of it.</summary>
public sealed record CatalogItem(Dataset Dataset, DatasetVersion Version, bool IsLatest, string CreatedBy, long Size);

/// <summary>Datasets for a dialect that knows no projects: they lie in the caller's own project.</summary>
public sealed class CatalogService(HubDbContext db, DatasetService datasets, HomeProject home, TimeProvider clock)
{
    /// <summary>Reads a file into a new dataset; its name gets a number when it is taken. The job is done.</summary>
    public async Task<(Job Job, DatasetView View)> UploadAsync(Caller caller, string? name, Stream file, TableSource source, CancellationToken cancellation)
    {
        var started = clock.GetUtcNow();
        var project = await home.EnsureAsync(caller, cancellation);
        name = Names.Checked(string.IsNullOrWhiteSpace(name) ? "dataset" : name);
        if (await db.Datasets.AnyAsync(d => d.ProjectId == project && d.Name == name, cancellation))
            name = $"{name[..Math.Min(name.Length, Names.Longest - 30)]} ({HubId.ToHex(HubId.New(started))})";
        var view = await datasets.UploadAsync(caller, project, name, file, source, cancellation);
        var job = Job.Done(CustomModelJobs.DatasetUpload, caller.UserId, project, view.Dataset.Id, started, clock.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync(cancellation);
        return (job, view);
    }

    /// <param name="versionId">Null for the newest.</param>
    public async Task<CatalogItem> GetAsync(Caller caller, Guid id, Guid? versionId, CancellationToken cancellation)
    {
        var view = await datasets.GetAsync(caller, id, cancellation);
        var version = versionId is null ? view.Version
            : await db.DatasetVersions.AsNoTracking().FirstOrDefaultAsync(v => v.DatasetId == id && v.Id == versionId, cancellation);
        var found = version is null ? [] : await ItemsAsync([(view.Dataset, version)], cancellation);
        return found.FirstOrDefault() ?? throw ModelHubException.NotFound("dataset version");
    }

    public async Task<Page<CatalogItem>> VersionsAsync(Caller caller, Guid id, Paging paging, CancellationToken cancellation)
    {
        var view = await datasets.GetAsync(caller, id, cancellation);
        var rows = db.DatasetVersions.AsNoTracking().Where(v => v.DatasetId == id);
        var page = await rows.OrderByDescending(v => v.Number).ToPageAsync(paging, cancellation);
        return page.With(await ItemsAsync([.. page.Items.Select(v => (view.Dataset, v))], cancellation));
    }

    public async Task<Page<CatalogItem>> ListAsync(Caller caller, Paging paging, CancellationToken cancellation)
    {
        var page = await datasets.ListAsync(caller, null, paging, cancellation);
        return page.With(await ItemsAsync([.. page.Items.Where(v => v.Version is not null).Select(v => (v.Dataset, v.Version!))], cancellation));
    }

    public Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation) => datasets.DeleteAsync(caller, id, cancellation);

    private async Task<List<CatalogItem>> ItemsAsync(IReadOnlyList<(Dataset Dataset, DatasetVersion Version)> found, CancellationToken cancellation)
    {
        var ids = found.Select(f => f.Version.Id).ToList();
        var known = await (from v in db.DatasetVersions
                           join d in db.Datasets on v.DatasetId equals d.Id
                           where ids.Contains(v.Id)
                           select new
                           {
                               v.Id,
                               Maker = db.Users.Where(u => u.Id == d.CreatedBy).Select(u => u.Username).FirstOrDefault(),
                               Size = db.DatasetParts.Where(p => p.DatasetId == d.Id && p.Number >= v.FirstPart && p.Number <= v.LastPart).Sum(p => p.Size),
                           }).ToDictionaryAsync(k => k.Id, cancellation);
        return
        [
            .. from f in found
               where known.ContainsKey(f.Version.Id) // deleted meanwhile
               let more = known[f.Version.Id]
               select new CatalogItem(f.Dataset, f.Version, f.Dataset.LatestVersionId == f.Version.Id, more.Maker ?? "", more.Size),
        ];
    }
}

using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Datasets;

/// <summary>A dataset and its newest version, if it has one.</summary>
public sealed record DatasetView(Dataset Dataset, DatasetVersion? Version, IReadOnlyList<ColumnView> Columns);

/// <summary>Datasets: made, appended to, listed, deleted. Bytes are stored before the row that names them.</summary>
public sealed class DatasetService(HubDbContext db, ProjectAccess access, DatasetTables tables, TimeProvider clock)
{
    public static IReadOnlyList<ColumnView> Columns(DatasetVersion version) => DatasetTables.Describe(version.Schema);

    /// <summary>A collection of vectors, empty at first.</summary>
    public async Task<Dataset> CreateCollectionAsync(
        Caller caller, Guid projectId, string? name, string vectorType, int vectorDim, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, projectId, ProjectRole.Editor, "project", cancellation);
        var dataset = new Dataset(projectId, Names.Checked(name, "collection_name"), caller.UserId, clock.GetUtcNow());
        dataset.HoldVectors(vectorType, vectorDim);
        db.Datasets.Add(dataset);
        await db.SaveOrConflictAsync("dataset_name_taken", $"A collection called '{name}' already exists in this project.", cancellation);
        return dataset;
    }

    /// <summary>Reads a file into a new dataset.</summary>
    public async Task<DatasetView> UploadAsync(
        Caller caller, Guid projectId, string? name, Stream file, TableSource source, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, projectId, ProjectRole.Editor, "project", cancellation);
        name = Names.Checked(name);
        if (await db.Datasets.AnyAsync(d => d.ProjectId == projectId && d.Name == name, cancellation))
            throw Taken(name);
        var stored = await tables.StoreAsync(file, source, cancellation);
        var dataset = new Dataset(projectId, name, caller.UserId, clock.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await access.RequireRoomAsync(projectId, [stored.Artifact], cancellation);
        db.Datasets.Add(dataset);
        await db.SaveOrConflictAsync("dataset_name_taken", Taken(name).Message, cancellation);
        var version = await AddPartAsync(dataset, stored, cancellation);
        await transaction.CommitAsync(cancellation);
        return new DatasetView(dataset, version, Columns(version));
    }

    /// <summary>Appends what <paramref name="store"/> stores; returns the job under which the dialect knows the work, which is done.</summary>
    public async Task<Job> AppendAsync(
        Caller caller, Dataset dataset, Func<Task<StoredTable>> store, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, dataset.ProjectId, ProjectRole.Editor, "dataset", cancellation);
        var started = clock.GetUtcNow();
        var stored = await store();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await access.RequireRoomAsync(dataset.ProjectId, [stored.Artifact], cancellation);
        var fresh = await db.Datasets.FromSql($"select * from datasets where id = {dataset.Id} for update").SingleOrDefaultAsync(cancellation)
            ?? throw ModelHubException.NotFound("collection");
        await AddPartAsync(fresh, stored, cancellation);
        var job = Job.Done("dataset.append", caller.UserId, dataset.ProjectId, dataset.Id, started, clock.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return job;
    }

    /// <summary>Appends to the dataset of this name, or makes it; what is stored is read before anything is made.</summary>
    public async Task<Job> AppendOrCreateAsync(
        Caller caller, Guid projectId, string name, Func<Task<StoredTable>> store, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, projectId, ProjectRole.Editor, "project", cancellation);
        var started = clock.GetUtcNow();
        var stored = await store();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await access.RequireRoomAsync(projectId, [stored.Artifact], cancellation);
        // The project's row is the lock: two uploads that would both make the dataset come one after the other.
        await db.Projects.FromSql($"select * from projects where id = {projectId} for update").LoadAsync(cancellation);
        var dataset = await db.Datasets.FirstOrDefaultAsync(d => d.ProjectId == projectId && d.Name == name, cancellation);
        if (dataset is null)
            db.Datasets.Add(dataset = new Dataset(projectId, name, caller.UserId, clock.GetUtcNow()));
        await AddPartAsync(dataset, stored, cancellation);
        var job = Job.Done("dataset.append", caller.UserId, projectId, dataset.Id, started, clock.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return job;
    }

    public async Task<Page<DatasetView>> ListAsync(Caller caller, Guid? projectId, Paging paging, CancellationToken cancellation)
    {
        var datasets = db.Datasets.AsNoTracking()
            .Where(d => access.VisibleIds(caller).Contains(d.ProjectId) && (projectId == null || d.ProjectId == projectId));
        var rows = from d in datasets
                   join v in db.DatasetVersions on d.LatestVersionId equals v.Id into versions
                   from v in versions.DefaultIfEmpty()
                   orderby d.CreatedAt descending, d.Id
                   select new { d, v };
        var page = await rows.ToPageAsync(paging, cancellation);
        return page.Map(i => new DatasetView(i.d, i.v, i.v is null ? [] : Columns(i.v)));
    }

    public async Task<DatasetView> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var dataset = await db.Datasets.AsNoTracking().FirstOrDefaultAsync(d => d.Id == id, cancellation) ?? throw ModelHubException.NotFound("dataset");
        await access.RequireAsync(caller, dataset.ProjectId, ProjectRole.Viewer, "dataset", cancellation);
        return await ViewAsync(dataset, cancellation);
    }

    public async Task<DatasetView> GetByNameAsync(Guid projectId, string name, CancellationToken cancellation)
    {
        var dataset = await db.Datasets.AsNoTracking().FirstOrDefaultAsync(d => d.ProjectId == projectId && d.Name == name, cancellation)
            ?? throw ModelHubException.NotFound("collection");
        return await ViewAsync(dataset, cancellation);
    }

    public async Task<IReadOnlyList<string>> NamesAsync(Guid projectId, CancellationToken cancellation) =>
        await db.Datasets.Where(d => d.ProjectId == projectId).OrderBy(d => d.CreatedAt).ThenBy(d => d.Id).Select(d => d.Name).ToListAsync(cancellation);

    /// <summary>Deletes a dataset; what was trained on it stays.</summary>
    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var view = await GetAsync(caller, id, cancellation);
        await access.RequireAsync(caller, view.Dataset.ProjectId, ProjectRole.Editor, "dataset", cancellation);
        await db.Datasets.Where(d => d.Id == id).ExecuteDeleteAsync(cancellation);
    }

    private async Task<DatasetView> ViewAsync(Dataset dataset, CancellationToken cancellation)
    {
        var version = dataset.LatestVersionId is { } latest
            ? await db.DatasetVersions.AsNoTracking().FirstOrDefaultAsync(v => v.Id == latest, cancellation) : null;
        return new DatasetView(dataset, version, version is null ? [] : Columns(version));
    }

    private async Task<DatasetVersion> AddPartAsync(Dataset dataset, StoredTable stored, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await ArtifactRows.EnsureAsync(db, stored.Artifact, now, cancellation);
        var last = dataset.LatestVersionId is { } latest ? await db.DatasetVersions.FirstAsync(v => v.Id == latest, cancellation) : null;
        var number = (last?.LastPart ?? 0) + 1;
        db.DatasetParts.Add(new DatasetPart(dataset.Id, number, stored.Artifact.Sha256, stored.RowCount, stored.Artifact.Size));
        var schema = last is null ? stored.Schema
            : await tables.CombineAsync(dataset.Id, last.FirstPart, last.LastPart, stored.Artifact.Sha256, cancellation);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(last?.ContentHash + stored.Artifact.Sha256)));
        var version = new DatasetVersion(
            dataset.Id, (last?.Number ?? 0) + 1, last?.FirstPart ?? 1, number, (last?.RowCount ?? 0) + stored.RowCount,
            schema, hash, now);
        db.DatasetVersions.Add(version);
        dataset.Point(version);
        await db.SaveChangesAsync(cancellation);
        return version;
    }

    private static ModelHubException Taken(string name) =>
        ModelHubException.Conflict("dataset_name_taken", $"A dataset called '{name}' already exists in this project.");
}

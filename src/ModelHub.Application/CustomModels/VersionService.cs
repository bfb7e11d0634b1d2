using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>A file whose bytes are stored already.</summary>
public sealed record NewFile(string Path, StoredArtifact Bytes, FileOrigin? Origin = null);

/// <summary>What a new version is made of.</summary>
public sealed record NewVersion(bool IsMajor)
{
    /// <summary>Starts with the files and settings of the latest version, else with nothing.</summary>
    public bool FromLatest { get; init; }

    public IReadOnlyList<NewFile> Files { get; init; } = [];

    /// <summary>Files of the latest version that the new one does without.</summary>
    public IReadOnlyList<Guid> Without { get; init; } = [];

    public Guid? EnvironmentId { get; init; }

    public Guid? EnvironmentVersionId { get; init; }

    public CustomModelRuntime Runtime { get; init; } = new();

    public GitOrigin? Git { get; init; }

    public IReadOnlyList<MetadataValue>? Metadata { get; init; }

    public TrainingWish? Training { get; init; }

    public TrainingWish? Holdout { get; init; }

    public bool KeepTrainingData { get; init; } = true;
}

/// <summary>A dataset that a version is to know as its own.</summary>
public sealed record TrainingWish(Guid DatasetId, Guid? DatasetVersionId, string? PartitionColumn);

/// <summary>Versions of custom models: made from files, listed, described.</summary>
public sealed class VersionService(HubDbContext db, CustomModelAccess access, VersionParts parts, CustomModelViews views, TimeProvider clock)
{
    /// <summary>Asked before files are received: nobody stores what nobody may.</summary>
    public Task<CustomModel> FindModelAsync(Caller caller, Guid modelId, SharingRight least, CancellationToken cancellation) =>
        access.RequireAsync(caller, modelId, least, cancellation);

    public async Task<CustomModelVersionView> CreateAsync(Caller caller, Guid modelId, NewVersion wanted, CancellationToken cancellation)
    {
        var model = await access.RequireAsync(caller, modelId, SharingRight.Edit, cancellation);
        var training = await parts.TrainingAsync(caller, model, wanted, cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await access.RequireRoomAsync(model, wanted.Files.Select(f => f.Bytes), cancellation);
        // The model's row is the lock: two versions made at once get different labels.
        await db.Set<CustomModel>().FromSql($"select * from custom_models where id = {modelId} for update").LoadAsync(cancellation);
        await db.Entry(model).ReloadAsync(cancellation);
        var last = await Of(modelId).Include(v => v.Files).OrderByDescending(v => v.Major).ThenByDescending(v => v.Minor).FirstOrDefaultAsync(cancellation);
        var now = clock.GetUtcNow();
        var (major, minor) = last is null ? (1, 0) : wanted.IsMajor ? (last.Major + 1, 0) : (last.Major, last.Minor + 1);
        var version = new CustomModelVersion(modelId, major, minor, caller.UserId, now);
        var kept = wanted.FromLatest ? last : null;
        var files = Merge(kept, wanted);
        foreach (var (file, i) in files.Select((f, i) => (f, i)))
        {
            await ArtifactRows.EnsureAsync(db, file.Bytes, now, cancellation);
            var row = new CustomModelFile(version.Id, i, file.Path, file.Bytes.Sha256, file.Bytes.Size, now);
            row.ComeFrom(file.Origin);
            version.Add(row);
        }
        await parts.FurnishAsync(caller, version, kept, wanted, cancellation);
        version.Need(await parts.DependenciesAsync(files, cancellation));
        version.LearnFrom(
            training.Training ?? (wanted.KeepTrainingData ? kept?.TrainingData : null), training.Holdout ?? (wanted.KeepTrainingData ? kept?.HoldoutData : null));
        db.Add(version);
        model.Point(version, now);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return await views.OfAsync(version, cancellation);
    }

    public async Task<CustomModelVersionView> GetAsync(Caller caller, Guid modelId, Guid id, CancellationToken cancellation) =>
        await views.OfAsync(await FindAsync(caller, modelId, id, SharingRight.Use, cancellation), cancellation);

    /// <summary>The newest first; with a commit, those made from it.</summary>
    public async Task<Page<CustomModelVersionView>> ListAsync(
        Caller caller, Guid modelId, string? commitSha, Paging paging, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, modelId, SharingRight.Use, cancellation);
        var rows = commitSha is null ? Of(modelId) : db.Set<CustomModelVersion>().FromSql(
            $"select * from custom_model_versions where model_id = {modelId} and git ->> 'mainBranchCommitSha' = {commitSha}");
        var page = await rows.AsNoTracking().Include(v => v.Files).OrderByDescending(v => v.Major).ThenByDescending(v => v.Minor).ToPageAsync(paging, cancellation);
        return page.With(await views.OfAsync(page.Items, cancellation));
    }

    public async Task<CustomModelVersionView> DescribeAsync(
        Caller caller, Guid modelId, Guid id, string? description, GitOrigin? git, IReadOnlyList<MetadataValue>? metadata, CancellationToken cancellation)
    {
        var version = await FindAsync(caller, modelId, id, SharingRight.Edit, cancellation);
        version.Describe(description ?? version.Description, git ?? version.Git, metadata ?? version.Metadata, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellation);
        return await views.OfAsync(version, cancellation);
    }

    /// <summary>A version of the model with its files; the latest without an id.</summary>
    public async Task<CustomModelVersion> FindAsync(Caller caller, Guid modelId, Guid? id, SharingRight least, CancellationToken cancellation)
    {
        var model = await access.RequireAsync(caller, modelId, least, cancellation);
        var wanted = id ?? model.LatestVersionId;
        return await Of(modelId).Include(v => v.Files).FirstOrDefaultAsync(v => v.Id == wanted, cancellation)
            ?? throw ModelHubException.NotFound("custom model version");
    }

    private IQueryable<CustomModelVersion> Of(Guid modelId) => db.Set<CustomModelVersion>().Where(v => v.ModelId == modelId);

    private static List<NewFile> Merge(CustomModelVersion? kept, NewVersion wanted)
    {
        if (wanted.Without.FirstOrDefault(id => kept?.Files.Exists(f => f.Id == id) != true) is var unknown && unknown != Guid.Empty)
            throw ModelHubException.Invalid("filesToDelete", $"The latest version has no file {HubId.ToHex(unknown)}.");
        var files = (kept?.Files ?? []).Where(f => !wanted.Without.Contains(f.Id)).OrderBy(f => f.Ordinal)
            .Select(f => new NewFile(f.Path, new StoredArtifact(f.Sha256, f.Size), f.Origin)).ToList();
        var added = wanted.Files.Select(f => f with { Path = ArchivePath.Clean(f.Path) }).ToList();
        ArchivePath.RequireDistinct(added.Select(f => f.Path));
        foreach (var file in added)
        {
            var at = files.FindIndex(f => f.Path == file.Path);
            if (at < 0)
                files.Add(file);
            else
                files[at] = file;
        }
        ArchivePath.RequireDistinct(files.Select(f => f.Path));
        return files.Count <= ResourceLimits.MostFiles ? files
            : throw ModelHubException.Invalid("file", $"The version would have {files.Count} files; {ResourceLimits.MostFiles} are allowed.");
    }
}

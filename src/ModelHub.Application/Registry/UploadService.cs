using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Registry;

/// <summary>Uploads of model files. One name in a workspace is one model; uploading under it again makes its next version.</summary>
public sealed class UploadService(HubDbContext db, WorkspaceService workspaces, IArtifactStore store, JobService jobs, TimeProvider clock)
{
    /// <summary>Asked before a file is received: nobody stores what nobody may.</summary>
    /// <exception cref="ModelHubException">The upload makes no sense, or the workspace is not the caller's to change.</exception>
    public async Task<RegistryUpload> CheckAsync(Caller caller, RegistryUpload wanted, CancellationToken cancellation)
    {
        var upload = wanted.Checked();
        await workspaces.GetAsync(caller, upload.WorkspaceNumber, ProjectRole.Editor, cancellation);
        return upload;
    }

    /// <summary>Keeps the bytes while they come in.</summary>
    public async Task<StoredArtifact> StoreAsync(Stream file, CancellationToken cancellation)
    {
        var stored = await store.PutAsync((target, stop) => file.CopyToAsync(target, stop), cancellation);
        return stored.Size > 0 ? stored : throw ModelHubException.Invalid("file", "The file is empty.");
    }

    /// <summary>Makes the version and queues its checking; the version's number is known at once.</summary>
    public async Task<CustomModelVersion> CreateAsync(
        Caller caller, RegistryUpload wanted, string fileName, StoredArtifact file, CancellationToken cancellation)
    {
        var upload = wanted.Checked();
        var workspace = await workspaces.GetAsync(caller, upload.WorkspaceNumber, ProjectRole.Editor, cancellation);
        var path = ArchivePath.Clean(fileName, "file");
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await workspaces.RequireRoomAsync(workspace, file, cancellation);
        var place = $"{workspace.Project.Id}/{upload.Name}"; // two first uploads of one name make one model
        await db.Database.ExecuteSqlAsync($"select pg_advisory_xact_lock(hashtextextended({place}, 11))", cancellation);
        await ArtifactRows.EnsureAsync(db, file, now, cancellation);
        var model = await db.Set<CustomModel>().OrderBy(m => m.CreatedAt)
            .FirstOrDefaultAsync(m => m.ProjectId == workspace.Project.Id && m.Name == upload.Name, cancellation);
        if (model is null)
        {
            model = new CustomModel(workspace.Project.Id, upload.Name, TargetType.Regression, caller.UserId, now);
            model.Aim(new CustomModelTarget { Name = "target" }, isFixed: false, now);
            db.Add(model);
        }
        model.Show(upload.Visibility);
        var last = await db.Set<CustomModelVersion>().Where(v => v.ModelId == model.Id)
            .OrderByDescending(v => v.Major).ThenByDescending(v => v.Minor)
            .Select(v => new { v.Major, v.Minor }).FirstOrDefaultAsync(cancellation);
        var version = new CustomModelVersion(model.Id, last?.Major ?? 1, last is null ? 0 : last.Minor + 1, caller.UserId, now);
        version.Upload(
            upload.Conversion.Framework, JsonSerializer.Serialize(upload.Conversion with { FileName = path, FileSize = file.Size }),
                file.Sha256, VersionStatus.PendingLoadNative);
        version.Add(new CustomModelFile(version.Id, 0, path, file.Sha256, file.Size, now));
        db.Add(version);
        model.Point(version, now);
        var job = new Job(ConversionHandler.JobKind, JobLane.Light, caller.UserId, workspace.Project.Id, version.Id, "{}", now);
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return version;
    }
}

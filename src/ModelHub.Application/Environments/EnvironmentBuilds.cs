using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Environments;

/// <summary>What a version of an environment is to be built from: one of context and image, or an image's address.</summary>
/// <param name="Id">Chosen by an administrator; null for a new one.</param>
public sealed record NewEnvironmentVersion(string Label, string Description, Guid? Id, BuildInput? Context, BuildInput? Image, string? ImageUri);

/// <summary>Makes versions of environments and queues their building.</summary>
public sealed class EnvironmentBuilds(
    HubDbContext db, EnvironmentService environments, IArtifactStore store, JobService jobs, ImageAddress addresses, TimeProvider clock)
{
    private static readonly ArchiveLimits Limits = new() { Field = "dockerContext" };

    /// <summary>Asked before files are received: nobody stores what nobody may.</summary>
    public Task RequireEditableAsync(Caller caller, Guid environmentId, CancellationToken cancellation) =>
        environments.RequireAsync(caller, environmentId, SharingRight.Edit, cancellation);

    /// <exception cref="ModelHubException">Nothing or two things to build from, or the context is refused; the id is taken.</exception>
    public async Task<EnvironmentVersion> CreateAsync(Caller caller, Guid environmentId, NewEnvironmentVersion wanted, CancellationToken cancellation)
    {
        var environment = await environments.RequireAsync(caller, environmentId, SharingRight.Edit, cancellation);
        if (environment.IsBuiltIn)
            throw ModelHubException.Forbidden("The built-in environment cannot be changed.");
        if (wanted.Id is not null)
            caller.RequireAdmin();
        if (wanted.Id is { } chosen && await db.Set<EnvironmentVersion>().AnyAsync(v => v.Id == chosen, cancellation))
            throw Taken();
        if ((wanted.Context, wanted.Image, wanted.ImageUri) is (null, null, null))
            throw ModelHubException.Invalid("dockerContext", "One of dockerContext, dockerImage and dockerImageUri is needed.");
        if (wanted.Image is not null && wanted.ImageUri is not null)
            throw ModelHubException.Invalid("dockerImageUri", "Give an image file or an image's address, not both.");
        if (wanted.ImageUri is { } uri)
            addresses.Check(uri);
        if (wanted.Context is { } context)
            await CheckAsync(context, cancellation);
        var now = clock.GetUtcNow();
        var version = new EnvironmentVersion(environmentId, wanted.Label, wanted.Description, caller.UserId, now, wanted.Id);
        version.BuildFrom(wanted.Context, wanted.Image, wanted.ImageUri);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        foreach (var input in new[] { wanted.Context, wanted.Image }.OfType<BuildInput>())
            await ArtifactRows.EnsureAsync(db, new StoredArtifact(input.Sha256, input.Size), now, cancellation);
        var job = new Job(BuildHandler.JobKind, JobLane.Light, caller.UserId, null, version.Id, "{}", now);
        version.Queue(job.Id);
        db.Add(version);
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveOrConflictAsync("version_exists", "An environment version with this id exists already.", cancellation);
        await transaction.CommitAsync(cancellation);
        return version;
    }

    /// <summary>Reads the whole context once: what is damaged, hostile or lacks a Dockerfile is refused before anything is built.</summary>
    private async Task CheckAsync(BuildInput context, CancellationToken cancellation)
    {
        await using var bytes = await store.OpenAsync(context.Sha256, cancellation);
        var hasDockerfile = false;
        await ArchiveReader.ReadAsync(
            bytes, Limits,
            (path, _, _) =>
            {
                hasDockerfile |= path == "Dockerfile";
                return Task.CompletedTask;
            },
            cancellation);
        if (!hasDockerfile)
            throw ModelHubException.Invalid("dockerContext", "The context has no file 'Dockerfile' at its top.");
    }

    private static ModelHubException Taken() => ModelHubException.Conflict("version_exists", "An environment version with this id exists already.");
}

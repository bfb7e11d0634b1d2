using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Environments;

/// <summary>Builds a version of an environment. The same context is not built twice: its image is taken again.</summary>
public sealed class BuildHandler(HubDbContext db, IContainerEngine engine, ImageAddress addresses, IArtifactStore store, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "environment.build";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        var version = await db.Set<EnvironmentVersion>().AsNoTracking().Where(v => v.Id == id).RequireAsync("environment version", cancellation);
        if (version.BuildStatus == BuildStatus.Submitted)
            await run.SaveAsync(async fresh => (await FindAsync(fresh, id, cancellation)).Start(), cancellation);
        var log = new BoundedLog { Written = run.Log };
        try
        {
            await engine.RequireAsync(cancellation);
            var image = await BuiltBeforeAsync(version, log, cancellation) ?? await MakeAsync(version, log, cancellation);
            log.Add($"The image is {image}.");
            var saved = version.ImageSha256 is not null ? null : await store.PutAsync((target, stop) => engine.SaveAsync(image, target, stop), cancellation);
            await run.CommitAsync(fresh => SucceedAsync(fresh, id, image, saved, log.ToString()), CancellationToken.None);
        }
        catch (ModelHubException failure)
        {
            await FailAsync(run, id, log, failure.Message);
            throw;
        }
    }

    public async Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation)
    {
        var version = await db.Set<EnvironmentVersion>().FirstOrDefaultAsync(v => v.Id == job.SubjectId, cancellation);
        if (version is { BuildStatus: BuildStatus.Submitted or BuildStatus.Processing })
            version.Fail(version.BuildLog, job.ErrorMessage ?? "The build was cancelled.", clock.GetUtcNow());
    }

    /// <summary>It may be deleted for good while it is built.</summary>
    private static Task<EnvironmentVersion> FindAsync(HubDbContext fresh, Guid id, CancellationToken cancellation) =>
        fresh.Set<EnvironmentVersion>().Where(v => v.Id == id).RequireAsync("environment version", cancellation);

    private async Task SucceedAsync(HubDbContext fresh, Guid id, string image, StoredArtifact? saved, string log)
    {
        var version = await FindAsync(fresh, id, CancellationToken.None);
        if (saved is not null)
        {
            await ArtifactRows.EnsureAsync(fresh, saved, clock.GetUtcNow(), CancellationToken.None);
            version.Keep(new BuildInput("image.tar", saved.Sha256, saved.Size));
        }
        version.Succeed(image, log, clock.GetUtcNow());
    }

    private Task FailAsync(IJobRun run, Guid id, BoundedLog log, string error) => run.SaveAsync(
        async fresh =>
        {
            var version = await FindAsync(fresh, id, CancellationToken.None);
            version.Fail(log.ToString(), error, clock.GetUtcNow());
        },
        CancellationToken.None);

    private async Task<string?> BuiltBeforeAsync(EnvironmentVersion version, BoundedLog log, CancellationToken cancellation)
    {
        if (version.ContextSha256 is not { } context || version.ImageSha256 is not null || version.ImageUri is not null)
            return null;
        var twin = await db.Set<EnvironmentVersion>().AsNoTracking()
            .Where(v => v.ContextSha256 == context && v.ImageUri == null && v.BuildStatus == BuildStatus.Success && v.EngineImage != null && v.ImageSha256 != null)
            .OrderBy(v => v.CreatedAt).FirstOrDefaultAsync(cancellation);
        if (twin is null)
            return null;
        log.Add("The same context was built before; its image is taken.");
        await using var image = await store.OpenAsync(twin.ImageSha256!, cancellation);
        return await engine.LoadAsync(image, log.Add, cancellation);
    }

    private async Task<string> MakeAsync(EnvironmentVersion version, BoundedLog log, CancellationToken cancellation)
    {
        if (version.ImageUri is { } uri)
            return await engine.PullAsync(uri, log.Add, cancellation);
        await using var input = await store.OpenAsync(version.ImageSha256 ?? version.ContextSha256!, cancellation);
        return version.ImageSha256 is not null ? await engine.LoadAsync(input, log.Add, cancellation)
            : await BuildAsync(input, log, cancellation);
    }

    /// <summary>The engine is given a tar that was packed here, of the files that passed the reader and of nothing else.</summary>
    private async Task<string> BuildAsync(Stream context, BoundedLog log, CancellationToken cancellation)
    {
        foreach (var image in Dockerfile.Images(await DockerfileAsync(context, cancellation)))
        {
            // What lies on this machine an administrator put there, for everybody.
            if (!ImageAddress.IsOne(image) || !await engine.HasAsync(image, cancellation))
                addresses.Check(image);
        }
        var packed = await store.PutAsync((target, stop) => ArchivePacker.TarAsync(context, new ArchiveLimits(), target, stop), cancellation);
        await using var tar = await store.OpenAsync(packed.Sha256, cancellation);
        return await engine.BuildAsync(tar, log.Add, cancellation);
    }

    private static async Task<string> DockerfileAsync(Stream context, CancellationToken cancellation)
    {
        var text = "";
        await ArchiveReader.ReadAsync(
            context, new ArchiveLimits(),
            async (path, content, stop) =>
            {
                if (path != "Dockerfile")
                    return;
                var buffer = new char[Dockerfile.MostCharacters + 1];
                using var reader = new StreamReader(content);
                text = new string(buffer, 0, await reader.ReadBlockAsync(buffer, stop));
            },
            cancellation);
        return text;
    }
}

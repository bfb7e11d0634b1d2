using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Registry;

/// <summary>
/// Checks an upload: recognises it by its content, loads it, compares the schema that came with it, infers sample rows. A file that does
/// not pass is a result (the version is in error and says why), not a failure of the job.
/// </summary>
public sealed class ConversionHandler(HubDbContext db, UploadUnpacker unpacker, UploadPackages packages, UploadCheck check, TimeProvider clock)
    : IJobHandler
{
    public const string JobKind = "registry.convert";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        var version = await ReadAsync(id, cancellation);
        if (version.Status is VersionStatus.Ready or VersionStatus.Error)
        {
            await run.CommitAsync(_ => Task.CompletedTask, CancellationToken.None);
            return;
        }
        await run.SaveAsync(async fresh => (await OwnAsync(fresh, id))?.Proceed(VersionStatus.AttemptingLoadNative), cancellation);
        try
        {
            if (await unpacker.IsArchiveAsync(version.UploadSha256!, cancellation))
                version = await UnpackAsync(run, version, cancellation);
            if (version.HasCode)
            {
                await run.SaveAsync(async fresh => (await OwnAsync(fresh, id))?.Proceed(VersionStatus.AttemptingLoadContainer),
                    cancellation);
                await packages.InstallAsync(run, version, cancellation);
            }
            var (runtime, header) = await check.RunAsync(version, cancellation);
            run.Log($"{runtime}: {header.Inputs.Count} inputs, {header.Task}");
            await run.CommitAsync(fresh => PublishAsync(fresh, id, runtime, header), CancellationToken.None);
        }
        catch (ModelHubException refusal)
            when (refusal.Kind is ErrorKind.Invalid or ErrorKind.TooLarge or ErrorKind.Unavailable or ErrorKind.TimedOut or ErrorKind.WrongState or ErrorKind.Conflict)
        {
            run.Log(refusal.Message);
            await run.CommitAsync(async fresh => (await OwnAsync(fresh, id))?.Fail(Short(refusal.Message)), CancellationToken.None);
        }
    }

    public async Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation)
    {
        if (await db.Set<CustomModelVersion>().FirstOrDefaultAsync(v => v.Id == job.SubjectId, cancellation) is { } version
            && version.Status is not (VersionStatus.Ready or VersionStatus.Error))
        {
            version.Fail(job.Status == JobStatus.Cancelled
                ? "The check of this version was cancelled." : Short(job.ErrorMessage ?? "The check of this version failed."));
        }
    }

    /// <summary>An archive's files become the version's; the archive's own hash stays that of the upload.</summary>
    private async Task<CustomModelVersion> UnpackAsync(IJobRun run, CustomModelVersion version, CancellationToken cancellation)
    {
        var unpacked = await unpacker.UnpackAsync(version.UploadSha256!, cancellation);
        await run.SaveAsync(
            async fresh =>
            {
                var now = clock.GetUtcNow();
                foreach (var stored in unpacked.Select(f => f.Bytes).DistinctBy(b => b.Sha256)
                    .OrderBy(b => b.Sha256, StringComparer.Ordinal))
                    await ArtifactRows.EnsureAsync(fresh, stored, now, cancellation);
                await fresh.Set<CustomModelFile>().Where(f => f.VersionId == version.Id).ExecuteDeleteAsync(cancellation);
                fresh.AddRange(unpacked.Select((f, at) => new CustomModelFile(version.Id, at, f.Path, f.Bytes.Sha256, f.Bytes.Size, now)));
            },
            cancellation);
        return await ReadAsync(version.Id, cancellation);
    }

    private async Task<CustomModelVersion> ReadAsync(Guid id, CancellationToken cancellation) =>
        await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).FirstOrDefaultAsync(v => v.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("model version");

    private async Task PublishAsync(HubDbContext fresh, Guid id, string runtime, ModelHeader header)
    {
        if (await OwnAsync(fresh, id) is not { } version)
            return;
        version.Upload(runtime, version.Conversion, version.UploadSha256, version.Status);
        version.Proceed(VersionStatus.Ready);
        var model = await fresh.Set<CustomModel>().SingleAsync(m => m.Id == version.ModelId);
        var isRegistrys = !await fresh.Set<CustomModelVersion>().AnyAsync(v => v.ModelId == model.Id && v.Conversion == null);
        if (isRegistrys && runtime != UploadCheck.CodeRuntime)
            model.Retarget(CustomModelTarget.TypeOf(header.Task), TargetOf(header), clock.GetUtcNow());
    }

    private static CustomModelTarget TargetOf(ModelHeader header)
    {
        var target = new CustomModelTarget { Name = header.Target is { Length: > 0 } name ? name : "target", Threshold = header.Threshold };
        return header.Task switch
        {
            TaskKind.Binary => target with { NegativeClass = header.Classes[0], PositiveClass = header.Classes[1] },
            TaskKind.Multiclass => target with { Classes = header.Classes },
            TaskKind.Regression => target with { Threshold = 0.5 },
        };
    }

    /// <summary>Null when it was deleted meanwhile.</summary>
    private static Task<CustomModelVersion?> OwnAsync(HubDbContext db, Guid id) =>
        db.Set<CustomModelVersion>().SingleOrDefaultAsync(v => v.Id == id);

    private static string Short(string text) => text.Length <= 10_000 ? text : text[..9_999] + "…";
}

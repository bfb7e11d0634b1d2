using System.Text.Json;
using Microsoft.EntityFrameworkCore;
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
public sealed class ConversionHandler(HubDbContext db, ModelFiles files, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "registry.convert";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        var version = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files)
                .FirstOrDefaultAsync(v => v.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("model version");
        if (version.Status is VersionStatus.Ready or VersionStatus.Error)
        {
            await run.CommitAsync(_ => Task.CompletedTask, CancellationToken.None);
            return;
        }
        await run.SaveAsync(async fresh => (await OwnAsync(fresh, id)).Proceed(VersionStatus.AttemptingLoadNative), cancellation);
        try
        {
            var opened = await CheckAsync(version, cancellation);
            run.Log($"{opened.Runtime}: {opened.Header.Inputs.Count} inputs, {opened.Header.Task}");
            var header = opened.Header;
            if (opened.Runner is { } runner)
                await runner.DisposeAsync();
            await run.CommitAsync(
                fresh => PublishAsync(fresh, id, opened.Runtime, header), CancellationToken.None);
        }
        catch (ModelHubException refusal)
            when (refusal.Kind is ErrorKind.Invalid or ErrorKind.TooLarge or ErrorKind.Unavailable or ErrorKind.WrongState)
        {
            run.Log(refusal.Message);
            await run.CommitAsync(async fresh => (await OwnAsync(fresh, id)).Fail(Short(refusal.Message)), CancellationToken.None);
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

    /// <summary>The version's model, opened and found sound.</summary>
    private async Task<OpenedModel> CheckAsync(CustomModelVersion version, CancellationToken cancellation)
    {
        var opened = await files.OpenAsync(version.Files[0].Sha256, null, isHint: false, isNew: true, cancellation);
        try
        {
            var conversion = JsonSerializer.Deserialize<Conversion>(version.Conversion ?? "{}")!;
            if (Conversion.SchemaOf(conversion.InputSchema, "input_schema") is { } schema
                && SchemaFit.Problem(schema, opened.Header) is { } misfit)
                throw ModelHubException.Invalid("input_schema", $"The schema does not fit the model: {misfit}.");
            if (SampleRows.Of(opened.Header) is { } sample
                && SampleRows.Problem(opened.Header, await opened.PredictAsync(sample, cancellation)) is { } problem)
                throw ModelHubException.Invalid("file", $"A sample was inferred, and {problem}.");
            return opened;
        }
        catch
        {
            if (opened.Runner is { } runner)
                await runner.DisposeAsync();
            throw;
        }
    }

    private async Task PublishAsync(HubDbContext fresh, Guid id, string runtime, ModelHeader header)
    {
        var version = await OwnAsync(fresh, id);
        version.Upload(runtime, version.Conversion, version.UploadSha256, version.Status);
        version.Proceed(VersionStatus.Ready);
        var model = await fresh.Set<CustomModel>().SingleAsync(m => m.Id == version.ModelId);
        var isRegistrys = !await fresh.Set<CustomModelVersion>().AnyAsync(v => v.ModelId == model.Id && v.Conversion == null);
        if (isRegistrys)
            model.Retarget(TypeOf(header.Task), TargetOf(header), clock.GetUtcNow());
    }

    private static TargetType TypeOf(TaskKind task) => task switch
    {
        TaskKind.Binary => TargetType.Binary, TaskKind.Multiclass => TargetType.Multiclass, TaskKind.Regression => TargetType.Regression,
    };

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

    private static Task<CustomModelVersion> OwnAsync(HubDbContext db, Guid id) => db.Set<CustomModelVersion>().SingleAsync(v => v.Id == id);

    private static string Short(string text) => text.Length <= 10_000 ? text : text[..9_999] + "…";
}

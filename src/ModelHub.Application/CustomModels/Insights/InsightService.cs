using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>What can be found out about versions with their training data: asked for, and read when it is there.</summary>
public sealed class InsightService(HubDbContext db, VersionService versions, CustomModelAccess access, JobService jobs, TimeProvider clock)
{
    private const string Running = "Feature impact is being computed already; wait for its end.";

    /// <exception cref="ModelHubException">No training data, or it is being computed already (404, with the job).</exception>
    public async Task<Job> RequestImpactAsync(Caller caller, Guid modelId, Guid versionId, int? rowCount, CancellationToken cancellation)
    {
        var model = await RequireAsync(caller, modelId, versionId, SharingRight.Edit, cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Database.ExecuteSqlAsync($"select 1 from custom_models where id = {modelId} for update", cancellation);
        if (await OpenJobAsync(FeatureImpactHandler.JobKind, versionId, cancellation) is { } open)
            throw new ModelHubException(ErrorKind.NotFound, "job_already_added", Running, new Dictionary<string, string> { ["jobId"] = HubId.ToHex(open) });
        var payload = JsonSerializer.Serialize(new ImpactWish(rowCount), StoredJson.Options);
        return await QueueAsync(new Job(FeatureImpactHandler.JobKind, JobLane.Light, caller.UserId, model.ProjectId, versionId, payload, clock.GetUtcNow()), transaction, cancellation);
    }

    /// <exception cref="ModelHubException">No training data or still being computed (422); never asked for (404).</exception>
    public async Task<FeatureImpact> ImpactAsync(Caller caller, Guid modelId, Guid versionId, CancellationToken cancellation)
    {
        await RequireAsync(caller, modelId, versionId, SharingRight.Use, cancellation);
        if (await OpenJobAsync(FeatureImpactHandler.JobKind, versionId, cancellation) is not null)
            throw new ModelHubException(ErrorKind.Invalid, "job_running", Running);
        var found = await db.Set<VersionInsight>().AsNoTracking()
            .FirstOrDefaultAsync(i => i.VersionId == versionId && i.Kind == InsightKind.FeatureImpact, cancellation) ?? throw ModelHubException.NotFound("feature impact");
        return JsonSerializer.Deserialize<FeatureImpact>(found.Content, StoredJson.Options)!;
    }

    /// <summary>The version that an image, a tested version in its environment, was made of.</summary>
    public async Task<(Guid ModelId, Guid VersionId)> OfImageAsync(Caller caller, Guid imageId, CancellationToken cancellation)
    {
        var found = await (from test in db.Set<CustomModelTest>()
                           join version in db.Set<CustomModelVersion>() on test.VersionId equals version.Id
                           join model in access.Visible(caller) on version.ModelId equals model.Id
                           where test.ImageId == imageId
                           select new { version.ModelId, VersionId = version.Id }).FirstOrDefaultAsync(cancellation)
            ?? throw ModelHubException.NotFound("custom inference image");
        return (found.ModelId, found.VersionId);
    }

    /// <summary>Prepares explanations of predictions: from then on, whoever scores with the version may ask for them.</summary>
    public async Task<Job> InitializeExplanationsAsync(Caller caller, Guid modelId, Guid versionId, CancellationToken cancellation)
    {
        var model = await RequireAsync(caller, modelId, versionId, SharingRight.Edit, cancellation);
        if (model.TargetType is not (TargetType.Regression or TargetType.Binary or TargetType.Multiclass or TargetType.Anomaly))
            throw ModelHubException.Invalid("customModelId", $"Predictions of a model with target type {model.TargetType} are not explained.");
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var job = new Job(ExplanationsHandler.JobKind, JobLane.Light, caller.UserId, model.ProjectId, versionId, "{}", clock.GetUtcNow());
        return await QueueAsync(job, transaction, cancellation);
    }

    private async Task<Job> QueueAsync(Job job, Microsoft.EntityFrameworkCore.Storage.IDbContextTransaction transaction, CancellationToken cancellation)
    {
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return job;
    }

    private async Task<Guid?> OpenJobAsync(string kind, Guid versionId, CancellationToken cancellation)
    {
        var open = await db.Jobs.Where(j => j.Kind == kind && j.SubjectId == versionId && (j.Status == JobStatus.Queued || j.Status == JobStatus.Running))
            .Select(j => j.Id).ToListAsync(cancellation);
        return open.Count == 0 ? null : open[0];
    }

    private async Task<CustomModel> RequireAsync(Caller caller, Guid modelId, Guid versionId, SharingRight least, CancellationToken cancellation)
    {
        var version = await versions.FindAsync(caller, modelId, versionId, least, cancellation);
        var model = await db.Set<CustomModel>().AsNoTracking().Where(m => m.Id == modelId).RequireAsync("custom model", cancellation);
        if (model.TargetType == TargetType.Unstructured)
            throw ModelHubException.Invalid("customModelId", "An unstructured model has no features.");
        if (LearntFrom(model, version) is null)
            throw ModelHubException.Invalid("trainingData", "No training data is assigned to this version; assign it first.");
        return model;
    }

    /// <summary>The training data that holds for a version; null without any.</summary>
    internal static TrainingData? LearntFrom(CustomModel model, CustomModelVersion version) =>
        model.TrainingDataOfVersions ? version.TrainingData : model.TrainingData ?? version.TrainingData;
}

/// <summary>How feature impact was asked for.</summary>
internal sealed record ImpactWish(int? RowCount);

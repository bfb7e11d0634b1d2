using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Datasets;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>Which dataset a custom model learnt from: looked up, checked against the model's target, assigned.</summary>
public sealed class TrainingDataChoice(HubDbContext db, DatasetService datasets, CustomModelAccess access, TimeProvider clock)
{
    /// <exception cref="ModelHubException">Gone: there is no such dataset (any more). Invalid: it does not fit the model.</exception>
    public async Task<TrainingData> FindAsync(Caller caller, CustomModel model, TrainingWish wish, CancellationToken cancellation)
    {
        var view = await ViewAsync(caller, wish.DatasetId, cancellation);
        var version = wish.DatasetVersionId is { } chosen
            ? await db.DatasetVersions.AsNoTracking().FirstOrDefaultAsync(v => v.Id == chosen && v.DatasetId == wish.DatasetId, cancellation)
            : view.Version;
        if (version is null)
            throw Gone("The dataset version does not exist (any more).");
        var columns = DatasetService.Columns(version).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        if (model.Target.Name is { } target && !columns.Contains(target))
            throw ModelHubException.Invalid("datasetId", "Custom model's target is not found in the provided dataset");
        if (wish.PartitionColumn is { } partition && !columns.Contains(partition))
            throw ModelHubException.Invalid("partitionColumn", $"The dataset has no column '{partition}'.");
        return new TrainingData(view.Dataset.Id, version.Id, view.Dataset.Name, wish.PartitionColumn);
    }

    /// <summary>Assigns training data to a model as a whole; returns the work's job, which is done.</summary>
    public async Task<Job> AssignAsync(Caller caller, Guid modelId, TrainingWish wish, CancellationToken cancellation)
    {
        var started = clock.GetUtcNow();
        var model = await access.RequireAsync(caller, modelId, SharingRight.Edit, cancellation);
        if (model.TrainingDataOfVersions)
            model.AssignTrainingData(new TrainingData(default, default, null, null), started); // refuses
        var data = await FindAsync(caller, model, wish, cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var versions = await db.Set<CustomModelVersion>().Where(v => v.ModelId == modelId).Select(v => v.Id).ToListAsync(cancellation);
        if (model.TrainingData is not null) // its deployments are measured by it
            await DeployedModels.RequireFreeAsync(db, versions, "custom model", cancellation);
        model.AssignTrainingData(data, clock.GetUtcNow());
        var job = Job.Done(CustomModelJobs.TrainingData, caller.UserId, model.ProjectId, modelId, started, clock.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return job;
    }

    /// <summary>The job under which what was done with a version's creation is known.</summary>
    public async Task<Job> RecordAsync(Caller caller, CustomModelVersion version, string kind, CancellationToken cancellation)
    {
        var project = await db.Set<CustomModel>().Where(m => m.Id == version.ModelId).Select(m => m.ProjectId).RequireAsync("custom model", cancellation);
        var job = Job.Done(kind, caller.UserId, project, version.Id, version.CreatedAt, clock.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync(cancellation);
        return job;
    }

    private async Task<DatasetView> ViewAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        try
        {
            return await datasets.GetAsync(caller, id, cancellation);
        }
        catch (ModelHubException unknown) when (unknown.Kind == ErrorKind.NotFound)
        {
            throw Gone("The dataset does not exist (any more).");
        }
    }

    private static ModelHubException Gone(string message) => new(ErrorKind.Gone, "dataset_gone", message);
}

/// <summary>Kinds of jobs whose finished status leads to something of a custom model.</summary>
public static class CustomModelJobs
{
    public const string TrainingData = "custom_model.training_data";
    public const string VersionTrainingData = "custom_model_version.training_data";
    public const string VersionFromRepository = "custom_model_version.from_repository";
    public const string FeatureImpact = "model.feature_impact";
    public const string ShapImpact = "model.shap_impact";
    public const string DatasetUpload = "dataset.upload";
    public const string DeploymentFromPackage = "deployment.from_package";
    public const string Test = "custom_model.test";
}

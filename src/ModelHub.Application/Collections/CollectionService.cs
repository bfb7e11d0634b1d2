using System.Text.Json;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;
using ModelHub.Application.Projects;

namespace ModelHub.Application.Collections;

/// <summary>Where a dialect that speaks in names finds a collection.</summary>
public sealed record CollectionName(string Project, string Collection);

/// <summary>What training a model of a collection takes.</summary>
public sealed record TrainingRequest(
    string ModelName, string Mode, bool IsRegression, string LabelAttribute, IReadOnlyList<string> CategoricalFeatures, string? ValidationDataset);

/// <summary>A model of a collection: its experiment, how far that is, and the best of its leaderboard.</summary>
public sealed record CollectionModel(Experiment Experiment, Model? Best);

/// <summary>Use cases of dialects that know everything by name: a project's collections, and one best model per training.</summary>
public sealed class CollectionService(
    ProjectService projects, DatasetService datasets, DatasetTables tables, ExperimentService experiments, ModelService models, PredictionService predictions)
{
    private const int LargestDimension = 20_000;

    public async Task CreateAsync(Caller caller, CollectionName at, string vectorType, int vectorDim, CancellationToken cancellation)
    {
        if (vectorType is not ("dense" or "sparse"))
            throw ModelHubException.Invalid("vector_type", "'vector_type' is dense or sparse.");
        if (vectorDim is < 1 or > LargestDimension)
            throw ModelHubException.Invalid("vector_dim", $"'vector_dim' is 1 to {LargestDimension}.");
        var project = await projects.GetByNameAsync(caller, at.Project, cancellation);
        await datasets.CreateCollectionAsync(caller, project.Id, at.Collection, vectorType, vectorDim, cancellation);
    }

    public async Task<Job> AddVectorsAsync(
        Caller caller, CollectionName at, JsonElement data, JsonElement? ids, JsonElement? attributes, CancellationToken cancellation)
    {
        var view = await FindAsync(caller, at, cancellation);
        if (view.Dataset.VectorDim is not { } dim)
            throw ModelHubException.Invalid("collection_name", "This collection was made from a file and takes files, not vectors.");
        return await datasets.AppendAsync(
            caller, view.Dataset, () => tables.StoreVectorsAsync(data, dim, view.Dataset.VectorType == "sparse", ids, attributes, cancellation), cancellation);
    }

    /// <summary>Reads a file into a collection, which is made when it is not there yet.</summary>
    public async Task<Job> UploadAsync(Caller caller, CollectionName at, Stream file, TableSource source, CancellationToken cancellation)
    {
        var project = await projects.GetByNameAsync(caller, at.Project, cancellation);
        Names.Checked(at.Collection, "collection_name");
        return await datasets.AppendOrCreateAsync(caller, project.Id, at.Collection, () => tables.StoreAsync(file, source, cancellation), cancellation);
    }

    public async Task<IReadOnlyList<string>> ListAsync(Caller caller, string project, CancellationToken cancellation) =>
        await datasets.NamesAsync((await projects.GetByNameAsync(caller, project, cancellation)).Id, cancellation);

    public async Task DeleteAsync(Caller caller, CollectionName at, CancellationToken cancellation) =>
        await datasets.DeleteAsync(caller, (await FindAsync(caller, at, cancellation)).Dataset.Id, cancellation);

    public async Task<Experiment> TrainAsync(Caller caller, CollectionName at, TrainingRequest wanted, CancellationToken cancellation)
    {
        var view = await FindAsync(caller, at, cancellation);
        if (view.Version is null)
            throw ModelHubException.Invalid("collection_name", $"The collection '{at.Collection}' is empty.");
        Guid? validation = null;
        if (wanted.ValidationDataset is { } name)
        {
            var other = await FindAsync(caller, at with { Collection = name }, cancellation);
            validation = other.Version?.Id ?? throw ModelHubException.Invalid("validation_dataset", $"The dataset '{name}' is empty.");
            RequireSame(view, other, "validation_dataset");
            RequireKnown(view, other.Columns.Select(c => c.Name), wanted.LabelAttribute, wanted.CategoricalFeatures, "validation_dataset");
        }
        var mode = wanted.Mode == "auto" ? "balanced" : wanted.Mode;
        return await experiments.CreateAsync(
            caller,
            new NewExperiment(
                view.Dataset.ProjectId, view.Version.Id, wanted.ModelName, wanted.LabelAttribute, wanted.IsRegression ? "regression" : "classification",
                new ExperimentConfig { Mode = mode, CategoricalColumns = wanted.CategoricalFeatures, ValidationVersionId = validation },
                "automl"),
            cancellation);
    }

    public async Task<CollectionModel> GetModelAsync(Caller caller, CollectionName at, string modelName, CancellationToken cancellation)
    {
        var view = await FindAsync(caller, at, cancellation);
        var experiment = await experiments.GetByNameAsync(view.Dataset.Id, modelName, cancellation);
        return new CollectionModel(experiment, experiment.BestModelId is null ? null : await models.BestAsync(experiment, cancellation));
    }

    public async Task<IReadOnlyList<Experiment>> ListModelsAsync(Caller caller, CollectionName at, CancellationToken cancellation) =>
        await experiments.ListOfDatasetAsync((await FindAsync(caller, at, cancellation)).Dataset.Id, cancellation);

    public async Task DeleteModelAsync(Caller caller, CollectionName at, string modelName, CancellationToken cancellation) =>
        await experiments.DeleteAsync(caller, (await GetModelAsync(caller, at, modelName, cancellation)).Experiment.Id, cancellation);

    /// <summary>Scores an uploaded file, read as the training data was; nothing of it is kept.</summary>
    public async Task<TableScores> PredictFileAsync(
        Caller caller, CollectionName at, string modelName, Stream file, TableSource source, CancellationToken cancellation)
    {
        var (model, experiment, view) = await BestAsync(caller, at, modelName, cancellation);
        var table = await tables.ParseAsync(file, source with { ExpectedSchema = view.Version!.Schema, LabelColumn = experiment.Target }, cancellation);
        RequireKnown(view, table.Columns.Select(c => c.Name), experiment.Target, experiment.Config.CategoricalColumns, "file_data");
        return await predictions.PredictAsync(caller, model.Id, table, cancellation);
    }

    /// <summary>Scores another collection of the same project.</summary>
    public async Task<TableScores> PredictCollectionAsync(
        Caller caller, CollectionName at, string modelName, string prediction, CancellationToken cancellation)
    {
        var (model, experiment, view) = await BestAsync(caller, at, modelName, cancellation);
        var other = await FindAsync(caller, at with { Collection = prediction }, cancellation);
        if (other.Version is null)
            throw ModelHubException.Invalid("prediction_dataset", $"The dataset '{prediction}' is empty.");
        RequireSame(view, other, "prediction_dataset");
        RequireKnown(view, other.Columns.Select(c => c.Name), experiment.Target, experiment.Config.CategoricalColumns, "prediction_dataset");
        return await predictions.PredictAsync(caller, model.Id, await tables.ReadAsync(other.Version.Id, cancellation), cancellation);
    }

    private async Task<(Model Model, Experiment Experiment, DatasetView View)> BestAsync(
        Caller caller, CollectionName at, string modelName, CancellationToken cancellation)
    {
        var view = await FindAsync(caller, at, cancellation);
        var experiment = await experiments.GetByNameAsync(view.Dataset.Id, modelName, cancellation);
        return (await models.BestAsync(experiment, cancellation), experiment, view);
    }

    private async Task<DatasetView> FindAsync(Caller caller, CollectionName at, CancellationToken cancellation)
    {
        var project = await projects.GetByNameAsync(caller, at.Project, cancellation);
        return await datasets.GetByNameAsync(project.Id, at.Collection, cancellation);
    }

    /// <summary>Vectors of another dimension cannot be meant.</summary>
    private static void RequireSame(DatasetView training, DatasetView other, string field)
    {
        if (training.Dataset.VectorDim is { } one && other.Dataset.VectorDim is { } two && one != two)
            throw ModelHubException.Invalid(field, $"'{other.Dataset.Name}' has vectors of dimension {two}, the training data of {one}.");
    }

    /// <summary>Of the training data's columns some may be missing, but not all, and none that was named as categorical.</summary>
    private static void RequireKnown(DatasetView training, IEnumerable<string> given, string target, IReadOnlyList<string> categorical, string field)
    {
        var names = given.ToHashSet(StringComparer.Ordinal);
        if (!training.Columns.Any(c => c.Name != target && names.Contains(c.Name)))
            throw ModelHubException.Invalid(field, $"'{field}' has no column of the training data beside the label.");
        if (categorical.FirstOrDefault(name => !names.Contains(name)) is { } missing)
            throw ModelHubException.Invalid(field, $"'{field}' lacks '{missing}', which is one of 'categorical_features'.");
    }
}

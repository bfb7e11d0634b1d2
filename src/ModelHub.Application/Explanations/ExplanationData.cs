using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Explanations;

/// <summary>What a request names to explain with; nothing for what the model brings along.</summary>
/// <param name="DatasetId">Its newest version, unless <paramref name="DatasetVersionId"/> names one.</param>
/// <param name="Target">The column with the labels; null for the model's own.</param>
public sealed record DataWish(Guid? DatasetId = null, Guid? DatasetVersionId = null, string? Target = null);

/// <summary>Data that the caller may see, to explain with.</summary>
/// <param name="LeftOut">A column that is no feature, beside the target.</param>
public sealed record ChosenData(Guid DatasetVersionId, string? Target, string? LeftOut)
{
    /// <summary>The column with the labels, which need not be there unless it was named.</summary>
    /// <exception cref="ModelHubException">The named column is missing, or the data has no column that the model reads.</exception>
    internal string TargetIn(LoadedModel model, Table table)
    {
        if (Target is { } named && table.Find(named) is null)
            throw ModelHubException.Invalid("target_column", $"The data has no column '{named}'.");
        if (model.Header.Inputs.Count > 0 && model.Header.Inputs.All(i => table.Find(i.Name) is null))
        {
            throw ModelHubException.Invalid(
                "dataset_id", $"The data has none of the columns that the model reads: {string.Join(", ", model.Header.Inputs.Take(10).Select(i => i.Name))}.");
        }
        return Target ?? model.Header.Target;
    }

    /// <summary>Whether the model is to be given a column.</summary>
    internal bool IsFeature(LoadedModel model, string target, string column) => column != target && column != LeftOut
        && (model.Header.Inputs.Count == 0 || model.Header.Inputs.Any(i => i.Name == column));
}

/// <summary>Data to explain models with: named in the request, or assigned to a custom model as its training data.</summary>
public sealed class ExplanationData(HubDbContext db, DatasetService datasets, DatasetTables tables)
{
    public Task<Table> ReadAsync(Guid datasetVersionId, CancellationToken cancellation) => tables.ReadAsync(datasetVersionId, cancellation);

    /// <summary>The data that the request names; null when it names none.</summary>
    /// <exception cref="ModelHubException">There is no such dataset for this caller, or it is empty.</exception>
    public async Task<ChosenData?> NamedAsync(Caller caller, DataWish wish, CancellationToken cancellation)
    {
        if (wish.DatasetVersionId is { } version)
        {
            var dataset = await db.DatasetVersions.Where(v => v.Id == version).Select(v => (Guid?)v.DatasetId).FirstOrDefaultAsync(cancellation);
            await datasets.GetAsync(caller, dataset ?? throw ModelHubException.NotFound("dataset"), cancellation);
            return new ChosenData(version, wish.Target, null);
        }
        if (wish.DatasetId is not { } named)
            return null;
        var view = await datasets.GetAsync(caller, named, cancellation);
        return new ChosenData(view.Version?.Id ?? throw ModelHubException.Invalid("dataset_id", "The dataset is empty."), wish.Target, null);
    }

    /// <summary>For a version of a custom model: what the request names, else its training data.</summary>
    /// <exception cref="ModelHubException">As above; or it has no training data either.</exception>
    public async Task<ChosenData> OfVersionAsync(Caller caller, Guid versionId, DataWish wish, CancellationToken cancellation)
    {
        if (await NamedAsync(caller, wish, cancellation) is { } named)
            return named;
        var found = await (from v in db.Set<CustomModelVersion>().AsNoTracking()
                           join m in db.Set<CustomModel>().AsNoTracking() on v.ModelId equals m.Id
                           where v.Id == versionId
                           select new { Version = v, Model = m }).FirstOrDefaultAsync(cancellation) ?? throw ModelHubException.NotFound("model");
        var learnt = InsightService.LearntFrom(found.Model, found.Version) ?? throw ModelHubException.Invalid(
            "dataset_id", "This model was not trained here: name a dataset to explain it with (dataset_id), or assign training data to it.");
        // An explanation shows values of the rows: not to who may see the model only.
        await datasets.GetAsync(caller, learnt.DatasetId, cancellation);
        return new ChosenData(learnt.DatasetVersionId, wish.Target, learnt.PartitionColumn);
    }
}

using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Explanations;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Trained models: listed, inspected, explained.</summary>
[ApiController]
[Route("api/models")]
public sealed class ModelsController(ModelLists lists, ModelService models, ExplanationService explanations, RowExplanationService rows) : ControllerBase
{
    /// <summary>Models, the newest first, or by a metric, the better first.</summary>
    [HttpGet]
    public async Task<ListAnswer<ModelListWire>> List([FromQuery] ModelQuery query, CancellationToken cancellation) => ListAnswer<ModelListWire>.Of(
        await lists.ListAsync(HttpContext.Caller(), query.ToFilter(), HubPaging.Of(query.Limit, query.Offset, query.Cursor), cancellation), ModelMapping.ToListWire);

    /// <summary>A model: metrics, folds, parameters, links.</summary>
    [HttpGet("{modelId}")]
    public async Task<ModelAnswer> Get(string modelId, CancellationToken cancellation) =>
        ModelMapping.ToAnswer(await models.GetAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation));

    /// <summary>Hyperparameters: default and actual.</summary>
    [HttpGet("{modelId}/parameters")]
    public async Task<ParametersAnswer> Parameters(string modelId, CancellationToken cancellation)
    {
        var view = await models.GetAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation);
        return new ParametersAnswer(ModelMapping.Parse(view.Model.Parameters)!.Value);
    }

    /// <summary>
    /// Importance, curves, thresholds, calibration, residuals, dependence, contributions: what the evaluation kept and what the training data
    /// tells. A version of a custom model or an uploaded one is explained with its training data, or with the dataset that is named.
    /// </summary>
    [HttpGet("{modelId}/explain")]
    public async Task<ExplainAnswer> Explain(string modelId, [FromQuery] ExplainQuery query, CancellationToken cancellation) =>
        ModelMapping.ToExplanation(await explanations.GetAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), query.ToWish(), cancellation));

    /// <summary>
    /// What moved the score of single rows: exact SHAP, class by class where there are more than two. Of ONNX and of own code: what the answer
    /// would be with the values that columns have in other rows.
    /// </summary>
    [HttpPost("{modelId}/explain/rows")]
    [RequestSizeLimit(JsonBodyLimit.Rows)]
    public async Task<ExplainRowsAnswer> ExplainRows(string modelId, ExplainRowsRequest request, CancellationToken cancellation) =>
        ModelMapping.ToAnswer(await rows.ExplainAsync(
            HttpContext.Caller(), HubPaging.Id(modelId, "model"), request.Inputs, ModelMapping.ToWish(request.Options), cancellation));

    /// <summary>The model's file.</summary>
    [HttpGet("{modelId}/artifact")]
    [Produces("application/octet-stream")]
    public async Task<FileStreamResult> Artifact(string modelId, CancellationToken cancellation) =>
        this.Download(await models.OpenArtifactAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation));

    /// <summary>Deletes a model that is not deployed.</summary>
    [HttpDelete("{modelId}")]
    public async Task<OkAnswer> Delete(string modelId, CancellationToken cancellation)
    {
        await models.DeleteAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation);
        return new OkAnswer();
    }
}

/// <summary>Data to explain with, other than the model's own.</summary>
public sealed record ExplainQuery
{
    /// <summary>A dataset, of which the newest version counts.</summary>
    [FromQuery(Name = "dataset_id")]
    public string? DatasetId { get; init; }

    [FromQuery(Name = "dataset_version_id")]
    public string? DatasetVersionId { get; init; }

    /// <summary>Its column with the labels, where that is not called as the model's target is.</summary>
    [FromQuery(Name = "target_column")]
    public string? TargetColumn { get; init; }

    internal DataWish ToWish() => new(HubPaging.QueryId(DatasetId, "dataset_id"), HubPaging.QueryId(DatasetVersionId, "dataset_version_id"), TargetColumn);
}

/// <summary>Query of the list of models.</summary>
public sealed record ModelQuery
{
    [FromQuery(Name = "project_id")]
    public string? ProjectId { get; init; }

    [FromQuery(Name = "experiment_id")]
    public string? ExperimentId { get; init; }

    /// <summary>Algorithm, e.g. GBM.</summary>
    [FromQuery(Name = "model_type")]
    public string? ModelType { get; init; }

    [FromQuery(Name = "best_only")]
    public bool BestOnly { get; init; }

    /// <summary>The same as best_only.</summary>
    [FromQuery(Name = "is_best")]
    public bool IsBest { get; init; }

    /// <summary>Only models with an active production deployment.</summary>
    [FromQuery(Name = "is_production")]
    public bool IsProduction { get; init; }

    /// <summary>Only models with an active staging deployment.</summary>
    [FromQuery(Name = "is_staging")]
    public bool IsStaging { get; init; }

    /// <summary>In the names of model, algorithm, experiment and project.</summary>
    [FromQuery(Name = "search")]
    public string? Search { get; init; }

    [FromQuery(Name = "sort_metric")]
    public string? SortMetric { get; init; }

    /// <summary>asc or desc; by default the better first.</summary>
    [FromQuery(Name = "sort_dir")]
    public string? SortDir { get; init; }

    [FromQuery(Name = "limit")]
    public int? Limit { get; init; }

    [FromQuery(Name = "offset")]
    public int? Offset { get; init; }

    /// <summary>The next_cursor of the page before.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }

    internal ModelFilter ToFilter() => new()
    {
        ProjectId = HubPaging.QueryId(ProjectId, "project_id"),
        ExperimentId = HubPaging.QueryId(ExperimentId, "experiment_id"),
        Algorithm = ModelType,
        BestOnly = BestOnly || IsBest,
        InProduction = IsProduction,
        InStaging = IsStaging,
        Search = Search is null or { Length: <= 500 } ? Search : throw ModelHubException.Invalid("search", "'search' may have 500 characters."),
        SortMetric = SortMetric,
        Descending = SortDir switch
        {
            null => null,
            "asc" => false,
            "desc" => true,
            _ => throw ModelHubException.Invalid("sort_dir", "'sort_dir' is asc or desc."),
        },
    };
}

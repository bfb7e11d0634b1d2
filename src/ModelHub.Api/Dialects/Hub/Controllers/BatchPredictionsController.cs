using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Batches;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Files that are scored by jobs, begun at /api/models/{id}/predict/batch/jobs.</summary>
[ApiController]
[Route("api/batch-predictions")]
public sealed class BatchPredictionsController(BatchService batches) : ControllerBase
{
    /// <summary>Batch predictions, the newest first.</summary>
    [HttpGet]
    public async Task<ListAnswer<BatchPredictionWire>> List(
        [FromQuery(Name = "project_id")] string? projectId, [FromQuery(Name = "model_id")] string? modelId, int? limit, int? offset,
        CancellationToken cancellation) => ListAnswer<BatchPredictionWire>.Of(
        await batches.ListAsync(
            HttpContext.Caller(), HubPaging.QueryId(projectId, "project_id"), HubPaging.QueryId(modelId, "model_id"), HubPaging.Of(limit, offset), cancellation),
        BatchMapping.ToWire);

    /// <summary>A batch prediction: how far it is, and where its result is.</summary>
    [HttpGet("{batchId}")]
    public async Task<BatchPredictionAnswer> Get(string batchId, CancellationToken cancellation) =>
        new(BatchMapping.ToWire(await batches.GetAsync(HttpContext.Caller(), HubPaging.Id(batchId, "batch prediction"), cancellation)));

    /// <summary>The scored rows.</summary>
    [HttpGet("{batchId}/result")]
    [Produces("text/csv", "application/json", "application/x-ndjson", BatchFormats.ParquetType)]
    public async Task<FileStreamResult> Result(string batchId, CancellationToken cancellation)
    {
        var (bytes, batch) = await batches.OpenResultAsync(HttpContext.Caller(), HubPaging.Id(batchId, "batch prediction"), cancellation);
        var name = $"predictions-{batch.Id}.{BatchFormats.WordOf(batch.Output)}";
        return this.Download(new ArtifactFile(name, batch.ResultSha256!, bytes), BatchFormats.TypeOf(batch.Output));
    }

    /// <summary>With its result; what still runs is cancelled.</summary>
    [HttpDelete("{batchId}")]
    public async Task<OkAnswer> Delete(string batchId, CancellationToken cancellation)
    {
        await batches.DeleteAsync(HttpContext.Caller(), HubPaging.Id(batchId, "batch prediction"), cancellation);
        return new OkAnswer();
    }
}

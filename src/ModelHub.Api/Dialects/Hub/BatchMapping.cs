using System.Text.Json;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Batches;

namespace ModelHub.Api.Dialects.Hub;

internal static class BatchMapping
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static BatchPredictionWire ToWire(BatchView view) => new()
    {
        Id = view.Batch.Id,
        ModelId = view.Batch.ModelId,
        ProjectId = view.Batch.ProjectId,
        JobId = view.Batch.JobId,
        Status = view.Job is { } job ? AccessMapping.StateOf(job.Status) : view.Batch.ResultSha256 is null ? "cancelled" : "succeeded",
        Progress = view.Job?.Progress ?? 1,
        Message = view.Job?.Message,
        Error = view.Job?.ErrorMessage,
        InputFormat = BatchFormats.WordOf(view.Batch.Input),
        OutputFormat = BatchFormats.WordOf(view.Batch.Output),
        RowCount = view.Batch.RowCount,
        ResultBytes = view.Batch.ResultBytes,
        ResultUrl = view.Batch.ResultSha256 is null ? null : $"/api/batch-predictions/{view.Batch.Id}/result",
        CreatedAt = view.Batch.CreatedAt,
        FinishedAt = view.Job?.FinishedAt,
    };
}

using System.Text.Json;

namespace ModelHub.Api.Dialects.Hub.Wire;

/// <summary>Documented here, read as it comes in.</summary>
public sealed record BatchForm
{
    /// <summary>CSV, JSON or JSON lines, plain or gzip.</summary>
    public IFormFile? File { get; init; }
}

public sealed record BatchAnswer
{
    public long RowCount { get; init; }

    /// <summary>Each row as it came, with <c>pred_predict</c> and, of a classifier, <c>prob_</c> and the class.</summary>
    public IReadOnlyList<Dictionary<string, JsonElement>>? Predictions { get; init; }
}

public sealed record BatchPredictionAnswer(BatchPredictionWire BatchPrediction);

public sealed record BatchPredictionWire
{
    public required Guid Id { get; init; }

    public required Guid ModelId { get; init; }

    public required Guid ProjectId { get; init; }

    public required Guid JobId { get; init; }

    /// <summary>queued, running, succeeded, failed or cancelled.</summary>
    public required string Status { get; init; }

    /// <summary>0..1.</summary>
    public required double Progress { get; init; }

    public required string? Message { get; init; }

    /// <summary>Why it failed, with the row.</summary>
    public required string? Error { get; init; }

    /// <summary>csv, json, ndjson or parquet.</summary>
    public required string InputFormat { get; init; }

    public required string OutputFormat { get; init; }

    /// <summary>Null until all are scored.</summary>
    public required long? RowCount { get; init; }

    public required long? ResultBytes { get; init; }

    /// <summary>Null until it is there.</summary>
    public required string? ResultUrl { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset? FinishedAt { get; init; }
}

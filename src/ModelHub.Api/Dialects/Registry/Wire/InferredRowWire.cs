using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

/// <summary>A scored row, as it is documented: answers are written without it.</summary>
public sealed record InferredRowWire
{
    /// <summary>Milliseconds since 1970.</summary>
    [JsonPropertyName("time")]
    public required long Time { get; init; }

    /// <summary>The row as it came: numbers, texts, truths or lists of numbers; null for what is missing.</summary>
    [JsonPropertyName("in")]
    public required IReadOnlyDictionary<string, object?> In { get; init; }

    [JsonPropertyName("out")]
    public required InferredOutputsWire Out { get; init; }

    [JsonPropertyName("anomaly")]
    public required InferredAnomalyWire Anomaly { get; init; }

    /// <summary>Always empty: rows are refused by the deployment's rules, which <c>anomaly</c> counts.</summary>
    [JsonPropertyName("check_failures")]
    public required IReadOnlyList<string> CheckFailures { get; init; }

    [JsonPropertyName("metadata")]
    public required InferredMetadataWire Metadata { get; init; }
}

public sealed record InferredOutputsWire
{
    /// <summary>The class; the value of a regression is a number.</summary>
    [JsonPropertyName("prediction")]
    public required string? Prediction { get; init; }

    /// <summary>By class, in their order; absent for a regression.</summary>
    [JsonPropertyName("probabilities")]
    public IReadOnlyList<double>? Probabilities { get; init; }
}

public sealed record InferredAnomalyWire
{
    /// <summary>1 for a row that the deployment's rules refuse.</summary>
    [JsonPropertyName("count")]
    public required int Count { get; init; }
}

public sealed record InferredMetadataWire
{
    /// <summary>Name and hash of the model that answered, as JSON in a text.</summary>
    [JsonPropertyName("last_model")]
    public required string LastModel { get; init; }

    [JsonPropertyName("pipeline_version")]
    public required string PipelineVersion { get; init; }

    /// <summary>Nanoseconds.</summary>
    [JsonPropertyName("elapsed")]
    public required IReadOnlyList<long> Elapsed { get; init; }

    /// <summary>Always empty: no column is left out.</summary>
    [JsonPropertyName("dropped")]
    public required IReadOnlyList<string> Dropped { get; init; }

    /// <summary>Always <c>modelhub</c>.</summary>
    [JsonPropertyName("partition")]
    public required string Partition { get; init; }
}

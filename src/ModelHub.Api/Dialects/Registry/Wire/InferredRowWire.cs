using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

/// <summary>A scored row, as it is documented: answers are written without it.</summary>
public sealed record InferredRowWire
{
    /// <summary>Milliseconds since 1970.</summary>
    [JsonPropertyName("time")]
    public required long Time { get; init; }

    /// <summary>The row as it came.</summary>
    [JsonPropertyName("in")]
    public required IReadOnlyDictionary<string, double> In { get; init; }

    [JsonPropertyName("out")]
    public required InferredOutputsWire Out { get; init; }

    [JsonPropertyName("anomaly")]
    public required InferredAnomalyWire Anomaly { get; init; }

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
}

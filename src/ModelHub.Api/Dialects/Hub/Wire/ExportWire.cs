using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Hub.Wire;

/// <summary>An exported model against the hub's own.</summary>
public sealed record ParityAnswer
{
    /// <summary>Of any probability, or of the value; null when nothing could be compared.</summary>
    [JsonPropertyName("largest_difference")]
    public required double? LargestDifference { get; init; }

    /// <summary>Rows that both scored.</summary>
    [JsonPropertyName("rows")]
    public required int Rows { get; init; }

    /// <summary>validation: the experiment's validation rows; folds: the rows of its folds.</summary>
    [JsonPropertyName("over")]
    public required string? Over { get; init; }

    /// <summary>Why nothing was compared.</summary>
    [JsonPropertyName("not_compared")]
    public required string? NotCompared { get; init; }

    [JsonPropertyName("size_bytes")]
    public required long SizeBytes { get; init; }
}

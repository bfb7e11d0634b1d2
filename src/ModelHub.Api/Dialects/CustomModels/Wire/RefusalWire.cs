using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.CustomModels.Wire;

/// <summary>What every refusal is.</summary>
public sealed record RefusalWire
{
    [JsonPropertyName("message")]
    public required string Message { get; init; }

    /// <summary>What is wrong, by field.</summary>
    [JsonPropertyName("errors")]
    public Dictionary<string, string>? Errors { get; init; }
}

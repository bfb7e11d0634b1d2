using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

public sealed record ErrorWire
{
    /// <summary>The HTTP status.</summary>
    [JsonPropertyName("code")]
    public required int Code { get; init; }

    [JsonPropertyName("msg")]
    public required string Message { get; init; }
}

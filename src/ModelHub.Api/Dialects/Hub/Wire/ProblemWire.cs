using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Hub.Wire;

/// <summary>What every refusal is (RFC 9457).</summary>
public sealed record ProblemWire
{
    /// <summary>A URI that stands for the code.</summary>
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    public required string Detail { get; init; }

    /// <summary>A stable word for programs.</summary>
    public required string Code { get; init; }

    [JsonPropertyName("traceId")]
    public required string TraceId { get; init; }

    /// <summary>What is wrong, by field.</summary>
    public Dictionary<string, string>? Errors { get; init; }
}

using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.AutoMl.Wire;

/// <summary>What every request has: the key.</summary>
public abstract record AutoMlRequest
{
    [JsonPropertyName("user_api_key")]
    public string? UserApiKey { get; init; }
}

/// <summary>What every refusal is.</summary>
public sealed record ErrorAnswer
{
    [JsonPropertyName("success")]
    public bool Success { get; init; }

    [JsonPropertyName("error_message")]
    public required string ErrorMessage { get; init; }
}

/// <summary>An answer that says nothing but that it was done.</summary>
public record SuccessAnswer
{
    [JsonPropertyName("success")]
    public bool Success { get; init; } = true;
}

public sealed record JobAnswer : SuccessAnswer
{
    [JsonPropertyName("job_id")]
    public required string JobId { get; init; }
}

using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

public sealed record DeploymentStatusRequest
{
    /// <summary><c>name-number</c>: the pipeline's name and the deployment's number.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }
}

/// <summary>How a deployed pipeline does. This hub is its only engine.</summary>
public sealed record DeploymentStatusWire
{
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("details")]
    public IReadOnlyList<string> Details { get; init; } = [];

    [JsonPropertyName("engines")]
    public required IReadOnlyList<EngineWire> Engines { get; init; }

    [JsonPropertyName("engine_lbs")]
    public IReadOnlyList<EngineWire> EngineLbs { get; init; } = [];

    [JsonPropertyName("sidekicks")]
    public IReadOnlyList<EngineWire> Sidekicks { get; init; } = [];
}

public sealed record EngineWire
{
    [JsonPropertyName("ip")]
    public required string Ip { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    [JsonPropertyName("details")]
    public IReadOnlyList<string> Details { get; init; } = [];

    [JsonPropertyName("pipeline_statuses")]
    public required PipelineStatusesWire PipelineStatuses { get; init; }

    [JsonPropertyName("model_statuses")]
    public required ModelStatusesWire ModelStatuses { get; init; }
}

public sealed record PipelineStatusesWire
{
    [JsonPropertyName("pipelines")]
    public required IReadOnlyList<PipelineStatusWire> Pipelines { get; init; }
}

public sealed record PipelineStatusWire
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }
}

public sealed record ModelStatusesWire
{
    [JsonPropertyName("models")]
    public required IReadOnlyList<ModelStatusWire> Models { get; init; }
}

public sealed record ModelStatusWire
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("version")]
    public required string Version { get; init; }

    [JsonPropertyName("sha")]
    public required string Sha { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

/// <summary>A model that a pipeline is to run.</summary>
public sealed record PipelineModelWire
{
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>The version's UUID, or its number; without it, the model's newest.</summary>
    [JsonPropertyName("version")]
    public JsonElement? Version { get; init; }

    [JsonPropertyName("sha")]
    public string? Sha { get; init; }
}

public sealed record CreatePipelineRequest
{
    /// <summary>The pipeline's name.</summary>
    [JsonPropertyName("pipeline_id")]
    public string? PipelineId { get; init; }

    [JsonPropertyName("workspace_id")]
    public long? WorkspaceId { get; init; }

    /// <summary>
    /// <c>{"steps": [{"ModelInference": {"models": [{"name", "version", "sha"}]}}]}</c>, or a step
    /// <c>{"RandomSplit": {"hash_key", "weights": [{"model": {…}, "weight": 2}]}}</c>; <c>{}</c> for nothing yet.
    /// </summary>
    [JsonPropertyName("definition")]
    public JsonElement? Definition { get; init; }
}

public sealed record CreatePipelineAnswer
{
    [JsonPropertyName("pipeline_pk_id")]
    public required long PipelinePkId { get; init; }

    [JsonPropertyName("pipeline_variant_pk_id")]
    public required long PipelineVariantPkId { get; init; }

    /// <summary>A UUID.</summary>
    [JsonPropertyName("pipeline_variant_version")]
    public required string PipelineVariantVersion { get; init; }
}

public sealed record CreatePipelineVersionRequest
{
    /// <summary>The pipeline's number.</summary>
    [JsonPropertyName("pipeline_id")]
    public long? PipelineId { get; init; }

    [JsonPropertyName("definition")]
    public JsonElement? Definition { get; init; }
}

public sealed record DeployPipelineRequest
{
    /// <summary>The pipeline's number.</summary>
    [JsonPropertyName("pipeline_id")]
    public long? PipelineId { get; init; }

    /// <summary>The number of the pipeline's version; without it, the newest.</summary>
    [JsonPropertyName("pipeline_version_pk_id")]
    public long? PipelineVersionPkId { get; init; }

    /// <summary>Models to run where the version names none.</summary>
    [JsonPropertyName("models")]
    public IReadOnlyList<PipelineModelWire>? Models { get; init; }

    /// <summary>The same, by the numbers of their versions.</summary>
    [JsonPropertyName("model_ids")]
    public IReadOnlyList<long>? ModelIds { get; init; }
}

/// <summary>The number of the new deployment, which is then called <c>name-number</c>.</summary>
public sealed record DeployPipelineAnswer
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }
}

public sealed record UndeployPipelineRequest
{
    [JsonPropertyName("pipeline_id")]
    public long? PipelineId { get; init; }
}

public sealed record UndeployPipelineAnswer;

public sealed record ListPipelinesRequest
{
    [JsonPropertyName("workspace_id")]
    public long? WorkspaceId { get; init; }
}

public sealed record ListPipelinesAnswer
{
    [JsonPropertyName("pipelines")]
    public required IReadOnlyList<PipelineWire> Pipelines { get; init; }
}

public sealed record PipelineWire
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    /// <summary>The pipeline's name.</summary>
    [JsonPropertyName("pipeline_id")]
    public required string PipelineId { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The newest first.</summary>
    [JsonPropertyName("pipeline_versions")]
    public required IReadOnlyList<PipelineVersionWire> Versions { get; init; }

    [JsonPropertyName("deployed")]
    public required bool Deployed { get; init; }

    [JsonPropertyName("deployment_id")]
    public required long? DeploymentId { get; init; }
}

public sealed record PipelineVersionWire
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("version")]
    public required string Version { get; init; }

    [JsonPropertyName("models")]
    public required IReadOnlyList<PipelineShareWire> Models { get; init; }
}

public sealed record PipelineShareWire
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("version")]
    public required string Version { get; init; }

    [JsonPropertyName("sha")]
    public required string Sha { get; init; }

    [JsonPropertyName("weight")]
    public required double Weight { get; init; }
}

public sealed record PipelineUrlRequest
{
    [JsonPropertyName("workspace_id")]
    public long? WorkspaceId { get; init; }

    [JsonPropertyName("pipeline_name")]
    public string? PipelineName { get; init; }
}

public sealed record PipelineUrlAnswer
{
    [JsonPropertyName("url")]
    public required string Url { get; init; }
}

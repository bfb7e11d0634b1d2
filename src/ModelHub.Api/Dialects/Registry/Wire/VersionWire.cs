using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

public sealed record VersionWire
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("visibility")]
    public required string Visibility { get; init; }

    [JsonPropertyName("workspace_id")]
    public required long WorkspaceId { get; init; }

    [JsonPropertyName("conversion")]
    public required ConversionWire Conversion { get; init; }

    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("image_path")]
    public string? ImagePath { get; init; }

    /// <summary>uploading, pending_load_native, attempting_load_native, attempting_load_container, ready or error.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    /// <summary>The job that checks it.</summary>
    [JsonPropertyName("task_id")]
    public required string? TaskId { get; init; }

    [JsonPropertyName("file_info")]
    public required FileInfoWire FileInfo { get; init; }

    [JsonPropertyName("created_on_version")]
    public required string CreatedOnVersion { get; init; }

    [JsonPropertyName("created_by")]
    public required string CreatedBy { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("deployed")]
    public required bool Deployed { get; init; }

    [JsonPropertyName("error_summary")]
    public required string? ErrorSummary { get; init; }
}

public sealed record ConversionWire
{
    [JsonPropertyName("arch")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Arch { get; init; }

    [JsonPropertyName("accel")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Accel { get; init; }

    [JsonPropertyName("python_version")]
    public required string PythonVersion { get; init; }

    [JsonPropertyName("requirements")]
    public required IReadOnlyList<string> Requirements { get; init; }

    [JsonPropertyName("framework")]
    public required string Framework { get; init; }

    [JsonPropertyName("framework_config")]
    public required JsonElement? FrameworkConfig { get; init; }
}

public sealed record FileInfoWire
{
    /// <summary>The version's UUID.</summary>
    [JsonPropertyName("version")]
    public required string Version { get; init; }

    [JsonPropertyName("sha")]
    public required string Sha { get; init; }

    [JsonPropertyName("file_name")]
    public required string FileName { get; init; }

    [JsonPropertyName("size")]
    public required long Size { get; init; }
}

/// <summary>How a version runs. What does not apply here is null.</summary>
public sealed record ConfigWire
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("model_version_id")]
    public required long ModelVersionId { get; init; }

    [JsonPropertyName("runtime")]
    public required string Runtime { get; init; }

    [JsonPropertyName("filter_threshold")]
    public double? FilterThreshold { get; init; }

    [JsonPropertyName("tensor_fields")]
    public IReadOnlyList<string>? TensorFields { get; init; }

    /// <summary>The Arrow schema that came with the upload, base64.</summary>
    [JsonPropertyName("input_schema")]
    public required string? InputSchema { get; init; }

    [JsonPropertyName("output_schema")]
    public required string? OutputSchema { get; init; }

    [JsonPropertyName("batch_config")]
    public JsonElement? BatchConfig { get; init; }

    [JsonPropertyName("dynamic_batching_config")]
    public JsonElement? DynamicBatchingConfig { get; init; }

    [JsonPropertyName("continuous_batching_config")]
    public JsonElement? ContinuousBatchingConfig { get; init; }

    [JsonPropertyName("queue_depth")]
    public int? QueueDepth { get; init; }

    [JsonPropertyName("sidekick_uri")]
    public string? SidekickUri { get; init; }

    [JsonPropertyName("openai")]
    public JsonElement? OpenAi { get; init; }
}

public sealed record ConfigAnswer
{
    [JsonPropertyName("model_config")]
    public required ConfigWire ModelConfig { get; init; }
}

/// <summary>A version in the list of a model's versions.</summary>
public sealed record ListedVersionWire
{
    [JsonPropertyName("sha")]
    public required string Sha { get; init; }

    /// <summary>The model's number.</summary>
    [JsonPropertyName("models_pk_id")]
    public required long ModelsPkId { get; init; }

    /// <summary>The version's UUID.</summary>
    [JsonPropertyName("model_version")]
    public required string ModelVersion { get; init; }

    [JsonPropertyName("owner_id")]
    public required string OwnerId { get; init; }

    /// <summary>The model's name.</summary>
    [JsonPropertyName("model_id")]
    public required string ModelId { get; init; }

    /// <summary>The version's number.</summary>
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("file_name")]
    public required string FileName { get; init; }

    [JsonPropertyName("image_path")]
    public string? ImagePath { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }
}

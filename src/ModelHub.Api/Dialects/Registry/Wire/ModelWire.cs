using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

public sealed record UploadMetadata
{
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>public or private.</summary>
    [JsonPropertyName("visibility")]
    public string? Visibility { get; init; }

    /// <summary>A number, also as a text.</summary>
    [JsonPropertyName("workspace_id")]
    public JsonElement? WorkspaceId { get; init; }

    [JsonPropertyName("conversion")]
    public ConversionRequest? Conversion { get; init; }

    /// <summary>An Arrow schema in base64; here or in <c>conversion</c>.</summary>
    [JsonPropertyName("input_schema")]
    public string? InputSchema { get; init; }

    [JsonPropertyName("output_schema")]
    public string? OutputSchema { get; init; }
}

public sealed record ConversionRequest
{
    [JsonPropertyName("framework")]
    public string? Framework { get; init; }

    [JsonPropertyName("python_version")]
    public string? PythonVersion { get; init; }

    /// <summary>A list of texts, or one text.</summary>
    [JsonPropertyName("requirements")]
    public JsonElement? Requirements { get; init; }

    [JsonPropertyName("framework_config")]
    public JsonElement? FrameworkConfig { get; init; }

    [JsonPropertyName("arch")]
    public string? Arch { get; init; }

    [JsonPropertyName("accel")]
    public string? Accel { get; init; }

    [JsonPropertyName("input_schema")]
    public string? InputSchema { get; init; }

    [JsonPropertyName("output_schema")]
    public string? OutputSchema { get; init; }
}

/// <summary>The version's number, where its clients look for it.</summary>
public sealed record UploadAnswer
{
    [JsonPropertyName("insert_models")]
    public required InsertedModels InsertModels { get; init; }

    public static UploadAnswer Of(long number) =>
        new() { InsertModels = new() { Returning = [new() { Models = [new() { Id = number }] }] } };
}

public sealed record InsertedModels
{
    [JsonPropertyName("returning")]
    public required IReadOnlyList<InsertedList> Returning { get; init; }
}

public sealed record InsertedList
{
    [JsonPropertyName("models")]
    public required IReadOnlyList<InsertedModel> Models { get; init; }
}

public sealed record InsertedModel
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }
}

public sealed record ListModelsRequest
{
    [JsonPropertyName("workspace_id")]
    public long? WorkspaceId { get; init; }
}

public sealed record GetModelRequest
{
    /// <summary>A model's number.</summary>
    [JsonPropertyName("id")]
    public long? Id { get; init; }
}

/// <summary>A model by itself, with its versions.</summary>
public sealed record ModelDetailsWire
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("owner_id")]
    public required string OwnerId { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    [JsonPropertyName("models")]
    public required IReadOnlyList<ListedVersionWire> Models { get; init; }
}

public sealed record GetVersionRequest
{
    [JsonPropertyName("model_version_id")]
    public long? ModelVersionId { get; init; }
}

public sealed record ListVersionsRequest
{
    /// <summary>The model's name.</summary>
    [JsonPropertyName("model_id")]
    public string? ModelId { get; init; }

    /// <summary>The model's number.</summary>
    [JsonPropertyName("models_pk_id")]
    public long? ModelsPkId { get; init; }
}

public sealed record GetConfigRequest
{
    /// <summary>The version's number.</summary>
    [JsonPropertyName("model_id")]
    public long? ModelId { get; init; }
}

public sealed record ListModelsAnswer
{
    [JsonPropertyName("models")]
    public required IReadOnlyList<ListedModelWire> Models { get; init; }
}

public sealed record ListedModelWire
{
    [JsonPropertyName("model")]
    public required ModelWire Model { get; init; }

    [JsonPropertyName("model_versions")]
    public required IReadOnlyList<VersionAndConfigWire> ModelVersions { get; init; }

    [JsonPropertyName("workspace")]
    public required WorkspaceWire Workspace { get; init; }
}

public sealed record ModelWire
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("owner_id")]
    public required string OwnerId { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    [JsonPropertyName("workspace_id")]
    public required long WorkspaceId { get; init; }
}

public sealed record VersionAnswer
{
    [JsonPropertyName("model_version")]
    public required VersionAndConfigWire ModelVersion { get; init; }
}

public sealed record VersionAndConfigWire
{
    [JsonPropertyName("model_version")]
    public required VersionWire ModelVersion { get; init; }

    [JsonPropertyName("config")]
    public required ConfigWire Config { get; init; }
}

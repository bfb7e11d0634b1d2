using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.AutoMl.Wire;

public record ProjectNameRequest : AutoMlRequest
{
    [JsonPropertyName("project_name")]
    public string? ProjectName { get; init; }
}

public sealed record CreateProjectRequest : ProjectNameRequest
{
    [JsonPropertyName("application")]
    public string? Application { get; init; }
}

public sealed record ListProjectsRequest : AutoMlRequest;

public sealed record ListProjectsAnswer : SuccessAnswer
{
    [JsonPropertyName("projects")]
    public required IReadOnlyList<string> Projects { get; init; }
}

public record CollectionRequest : ProjectNameRequest
{
    [JsonPropertyName("collection_name")]
    public string? CollectionName { get; init; }
}

public sealed record ListCollectionsAnswer : SuccessAnswer
{
    [JsonPropertyName("collections")]
    public required IReadOnlyList<string> Collections { get; init; }
}

public sealed record InitRequest : CollectionRequest
{
    /// <summary>dense or sparse.</summary>
    [JsonPropertyName("vector_type")]
    public string? VectorType { get; init; }

    [JsonPropertyName("vector_dim")]
    public int? VectorDim { get; init; }
}

public sealed record AddDataRequest : CollectionRequest
{
    [JsonPropertyName("string_id")]
    public string? StringId { get; init; }

    /// <summary>One vector.</summary>
    [JsonPropertyName("data")]
    [MostItems(AutoMlDialect.MostValues, Within = AutoMlDialect.MostValues)]
    public JsonElement? Data { get; init; }

    /// <summary>Attributes of the vector: text, number or truth value by name.</summary>
    [JsonPropertyName("attributes")]
    [MostItems(AutoMlDialect.MostValues, Within = AutoMlDialect.MostValues)]
    public JsonElement? Attributes { get; init; }
}

public sealed record AddDataBatchRequest : CollectionRequest
{
    [JsonPropertyName("string_ids")]
    [MostItems(AutoMlDialect.MostValues, Within = AutoMlDialect.MostValues)]
    public JsonElement? StringIds { get; init; }

    /// <summary>A list of vectors.</summary>
    [JsonPropertyName("data")]
    [MostItems(AutoMlDialect.MostValues, Within = AutoMlDialect.MostValues)]
    public JsonElement? Data { get; init; }

    /// <summary>A list with an object per vector.</summary>
    [JsonPropertyName("attributes")]
    [MostItems(AutoMlDialect.MostValues, Within = AutoMlDialect.MostValues)]
    public JsonElement? Attributes { get; init; }
}

public interface IFileRequest
{
    string? FileData { get; }

    string? FileFormat { get; }

    bool? HasFieldNames { get; }

    string? CompressionType { get; }
}

public sealed record UploadRequest : CollectionRequest, IFileRequest
{
    /// <summary>The file in base64.</summary>
    [JsonPropertyName("file_data")]
    public string? FileData { get; init; }

    /// <summary>csv, json, libsvm or binary (little-endian float32 rows).</summary>
    [JsonPropertyName("file_format")]
    public string? FileFormat { get; init; }

    /// <summary>Needed for csv.</summary>
    [JsonPropertyName("has_field_names")]
    public bool? HasFieldNames { get; init; }

    /// <summary>gzip, or nothing.</summary>
    [JsonPropertyName("compression_type")]
    public string? CompressionType { get; init; }

    /// <summary>Needed for binary.</summary>
    [JsonPropertyName("vector_dim")]
    public int? VectorDim { get; init; }

    [JsonPropertyName("string_ids")]
    [MostItems(AutoMlDialect.MostValues, Within = AutoMlDialect.MostValues)]
    public JsonElement? StringIds { get; init; }

    [JsonPropertyName("attributes")]
    [MostItems(AutoMlDialect.MostValues, Within = AutoMlDialect.MostValues)]
    public JsonElement? Attributes { get; init; }
}

public sealed record JobRequest : AutoMlRequest
{
    [JsonPropertyName("job_id")]
    public string? JobId { get; init; }
}

public sealed record UploadStatusAnswer : SuccessAnswer
{
    /// <summary>pending, in_progress, finished or failed.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("job_id")]
    public required string JobId { get; init; }

    [JsonPropertyName("error")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }
}

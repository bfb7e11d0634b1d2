using System.Text.Json;
using System.Text.Json.Serialization;
using ModelHub.Application.CustomModels;

namespace ModelHub.Api.Dialects.Hub.Wire;

/// <summary>A custom model that was imported.</summary>
public sealed record ImportedCustomModelAnswer
{
    private static readonly JsonNamingPolicy Words = JsonNamingPolicy.SnakeCaseLower;

    [JsonPropertyName("custom_model")]
    public required ImportedCustomModel CustomModel { get; init; }

    internal static ImportedCustomModelAnswer Of(CustomModel model, IEnumerable<CustomModelVersion> versions) => new()
    {
        CustomModel = new ImportedCustomModel
        {
            Id = model.Id, Number = model.Number, ProjectId = model.ProjectId, Name = model.Name,
            Versions = [.. versions.Select(v => new ImportedVersion { Id = v.Id, Number = v.Number, Label = v.Label, Status = Words.ConvertName(v.Status.ToString()) })],
        },
    };
}

public sealed record ImportedCustomModel
{
    [JsonPropertyName("id")]
    public required Guid Id { get; init; }

    /// <summary>By which the registry knows it.</summary>
    [JsonPropertyName("number")]
    public required long Number { get; init; }

    [JsonPropertyName("project_id")]
    public required Guid ProjectId { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("versions")]
    public required IReadOnlyList<ImportedVersion> Versions { get; init; }
}

public sealed record ImportedVersion
{
    /// <summary>By which it is deployed and scored, like a model.</summary>
    [JsonPropertyName("id")]
    public required Guid Id { get; init; }

    [JsonPropertyName("number")]
    public required long Number { get; init; }

    [JsonPropertyName("label")]
    public required string Label { get; init; }

    /// <summary>In the registry's words: an upload is checked first, ask there when it is ready.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }
}

using System.Text.Json.Serialization;
using ModelHub.Application.Deployments;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Wire;

public sealed record DeploymentModelV2(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("type")] string Type);

public sealed record DeploymentV2
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("label")]
    public required string Label { get; init; }

    [JsonPropertyName("description")]
    public required string Description { get; init; }

    /// <summary>active or inactive.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    /// <summary>staging or production.</summary>
    [JsonPropertyName("stage")]
    public required string Stage { get; init; }

    [JsonPropertyName("importance")]
    public required string Importance { get; init; }

    [JsonPropertyName("model")]
    public required DeploymentModelV2 Model { get; init; }

    [JsonPropertyName("projectId")]
    public required string ProjectId { get; init; }

    [JsonPropertyName("predictionThreshold")]
    public required double? PredictionThreshold { get; init; }

    [JsonPropertyName("created")]
    public required DateTimeOffset Created { get; init; }

    [JsonPropertyName("updated")]
    public required DateTimeOffset Updated { get; init; }

    public static DeploymentV2 Of(Deployment deployment) => new()
    {
        Id = HubId.ToHex(deployment.Id),
        Label = deployment.Name,
        Description = deployment.Description,
        Status = deployment.Status == DeploymentStatus.Active ? "active" : "inactive",
        Stage = deployment.Stage == DeploymentStage.Production ? "production" : "staging",
        Importance = deployment.Stage == DeploymentStage.Production ? "HIGH" : "LOW",
        Model = new DeploymentModelV2(HubId.ToHex(deployment.ChampionId), "model"),
        ProjectId = HubId.ToHex(deployment.ProjectId),
        PredictionThreshold = deployment.PredictionThreshold,
        Created = deployment.CreatedAt,
        Updated = deployment.UpdatedAt,
    };
}

public sealed record FromVersionRequest
{
    [JsonPropertyName("customModelVersionId")]
    public string? CustomModelVersionId { get; init; }

    [JsonPropertyName("label")]
    public string? Label { get; init; }

    [JsonPropertyName("description")]
    public string? Description { get; init; }
}

public sealed record DeploymentPatchV2
{
    [JsonPropertyName("label")]
    public string? Label { get; init; }

    [JsonPropertyName("description")]
    public string? Description { get; init; }

    [JsonPropertyName("predictionThreshold")]
    public double? PredictionThreshold { get; init; }
}

public sealed record ModelReplacementRequest
{
    [JsonPropertyName("modelId")]
    public string? ModelId { get; init; }

    [JsonPropertyName("reason")]
    public string? Reason { get; init; }
}

public sealed record IdV2([property: JsonPropertyName("id")] string Id);

public sealed record ThresholdRequest
{
    [JsonPropertyName("predictionThreshold")]
    public double? PredictionThreshold { get; init; }
}

namespace ModelHub.Application.Deployments;

/// <summary>What a caller asks a deployment for.</summary>
public sealed record NewDeployment(
    string? Name, Guid ModelId, DeploymentStage Stage, string? Description = null, double? PredictionThreshold = null, Guid? ProjectId = null,
    DeploymentSettings? Settings = null);

/// <summary>What is to change; null leaves as it is.</summary>
public sealed record DeploymentChange
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public DeploymentStage? Stage { get; init; }

    public double? PredictionThreshold { get; init; }

    public Guid? ModelId { get; init; }

    public string? Reason { get; init; }

    public DeploymentSettings? Settings { get; init; }
}

/// <summary>Which deployments are wanted.</summary>
public sealed record DeploymentFilter(Guid? ProjectId = null, Guid? ModelId = null, DeploymentStage? Stage = null, string? Search = null);

using ModelHub.Application.Errors;

namespace ModelHub.Application.Deployments;

/// <summary>Who shares the requests of a deployment with its champion, which answers what is left.</summary>
public sealed record TrafficPlan
{
    public const int MostModels = 20;

    /// <summary>Models and their shares in per cent.</summary>
    public IReadOnlyList<(Guid ModelId, double Weight)> Variants { get; init; } = [];

    /// <summary>Models that score along and do not answer.</summary>
    public IReadOnlyList<Guid> Shadows { get; init; } = [];

    /// <summary>A model whose share grows by steps.</summary>
    public (Guid ModelId, IReadOnlyList<CanaryStep> Steps)? Canary { get; init; }

    public string? StickyBy { get; init; }

    public string? Reason { get; init; }

    public IReadOnlyCollection<Guid> Models =>
        [.. Variants.Select(v => v.ModelId).Concat(Shadows).Concat(Canary is { } canary ? [canary.ModelId] : [])];

    /// <exception cref="ModelHubException">Shares beyond a hundred per cent, a model named twice, steps that make no sense.</exception>
    public void Check(Guid champion)
    {
        if (Models.Count > MostModels)
            throw ModelHubException.Invalid("models", $"At most {MostModels} models share a deployment.");
        if (Models.Distinct().Count() != Models.Count || Models.Contains(champion))
            throw ModelHubException.Invalid("models", "A model has one part to play; one is named twice, or is the champion.");
        if (Variants.Any(v => v.Weight is not (> 0 and <= 100)))
            throw ModelHubException.Invalid("variants", "A variant's 'weight' is more than 0 and at most 100 per cent.");
        var most = 0.0;
        if (Canary is { } canary)
        {
            if (canary.Steps.Count is 0 or > 100 || canary.Steps.Any(s => s.Percent is not (>= 0 and <= 100) || s.Minutes is not (>= 0 and <= 525_600)))
                throw ModelHubException.Invalid("canary.steps", "A canary has 1 to 100 steps of 0 to 100 per cent and 0 to 525,600 minutes.");
            most = canary.Steps.Max(s => s.Percent);
        }
        if (Variants.Sum(v => v.Weight) + most > 100 + 1e-9)
            throw ModelHubException.Invalid("variants", "The shares come to more than a hundred per cent.");
        if (StickyBy?.Length is 0 or > 1000)
            throw ModelHubException.Invalid("sticky_by", "'sticky_by' is the name of a column.");
    }

    internal IEnumerable<DeploymentModel> ModelsOf(Guid deploymentId)
    {
        foreach (var (modelId, weight) in Variants)
            yield return new DeploymentModel(deploymentId, modelId, ServingRole.Variant, weight);
        foreach (var modelId in Shadows)
            yield return new DeploymentModel(deploymentId, modelId, ServingRole.Shadow);
        if (Canary is { } canary)
            yield return new DeploymentModel(deploymentId, canary.ModelId, ServingRole.Canary);
    }
}

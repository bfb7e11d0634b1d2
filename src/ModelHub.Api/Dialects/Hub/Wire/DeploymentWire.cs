namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record DeploymentRequest
{
    public string? Name { get; init; }

    /// <summary>A trained model's id, or a custom model version's.</summary>
    public string? ModelId { get; init; }

    /// <summary>staging or production.</summary>
    public string? Stage { get; init; }

    public string? Description { get; init; }

    /// <summary>0 to 1; one half unless set here or on the model.</summary>
    public double? PredictionThreshold { get; init; }

    public DeploymentSettingsWire? Settings { get; init; }
}

/// <summary>What is not named stays as it is.</summary>
public sealed record DeploymentPatch
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public string? Stage { get; init; }

    public double? PredictionThreshold { get; init; }

    /// <summary>Another model: it takes over with the next request, and no request is dropped.</summary>
    public string? ModelId { get; init; }

    /// <summary>Why; kept in the history.</summary>
    public string? Reason { get; init; }

    public DeploymentSettingsWire? Settings { get; init; }
}

public sealed record ReasonRequest
{
    public string? Reason { get; init; }
}

public sealed record DeploymentSettingsWire
{
    /// <summary>The column that names a row, by which its actual outcome comes later.</summary>
    public string? AssociationId { get; init; }

    /// <summary>Keep each prediction that has an association id, so that its accuracy can be told.</summary>
    public bool KeepPredictions { get; init; }

    public IReadOnlyList<HumilityRuleWire>? Humility { get; init; }
}

public sealed record HumilityRuleWire
{
    public string? Name { get; init; }

    /// <summary>uncertain_prediction, outlying_input, unseen_category or low_observation_region.</summary>
    public string? Trigger { get; init; }

    /// <summary>warn, override or refuse.</summary>
    public string? Action { get; init; }

    public double? Lower { get; init; }

    public double? Upper { get; init; }

    /// <summary>How far outside the training range a number may lie, as a share of the range.</summary>
    public double? Margin { get; init; }

    /// <summary>More inputs than this share missing or outside make a low observation region.</summary>
    public double? Share { get; init; }

    /// <summary>Only this input; all without.</summary>
    public string? Feature { get; init; }

    /// <summary>The prediction instead, for the action override.</summary>
    public string? Override { get; init; }
}

public sealed record DeploymentModelWire(Guid ModelId, string Role, double? Weight);

public sealed record DeploymentWire
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required Guid ProjectId { get; init; }

    /// <summary>The champion.</summary>
    public required Guid ModelId { get; init; }

    /// <summary>staging or production.</summary>
    public required string Stage { get; init; }

    /// <summary>active or paused.</summary>
    public required string Status { get; init; }

    public required double? PredictionThreshold { get; init; }

    /// <summary>All models behind it and what they do: champion, variant, canary, shadow.</summary>
    public required IReadOnlyList<DeploymentModelWire> Models { get; init; }

    public required TrafficWire? Traffic { get; init; }

    public required DeploymentSettingsWire Settings { get; init; }

    public required long Revision { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record DeploymentAnswer(DeploymentWire Deployment);

/// <summary>What was serving at a time.</summary>
public sealed record DeploymentMomentWire(
    Guid Id, Guid ModelId, string Stage, string Status, double? PredictionThreshold, DateTimeOffset AsOf, DateTimeOffset Since);

public sealed record DeploymentMomentAnswer(DeploymentMomentWire Deployment);

public sealed record DeploymentEventWire
{
    public required Guid Id { get; init; }

    /// <summary>created, replaced, rolled_back, stage_changed, threshold_changed, traffic_changed, settings_changed, renamed, paused, resumed.</summary>
    public required string Kind { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string By { get; init; }

    /// <summary>The champion before a replacement.</summary>
    public required Guid? From { get; init; }

    /// <summary>The champion after it.</summary>
    public required Guid To { get; init; }

    public required string? Reason { get; init; }
}

public sealed record TrafficWire
{
    public IReadOnlyList<VariantWire>? Variants { get; init; }

    /// <summary>Models that score along and do not answer.</summary>
    public IReadOnlyList<string>? Shadows { get; init; }

    public CanaryWire? Canary { get; init; }

    /// <summary>The column whose value decides which model answers.</summary>
    public string? StickyBy { get; init; }

    public string? Reason { get; init; }
}

/// <summary>A model and its share of the requests, in per cent.</summary>
public sealed record VariantWire
{
    public string? ModelId { get; init; }

    public double Weight { get; init; }
}

public sealed record CanaryWire
{
    public string? ModelId { get; init; }

    public IReadOnlyList<CanaryStepWire>? Steps { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Its share now.</summary>
    public double? Percent { get; init; }
}

public sealed record CanaryStepWire
{
    public double Percent { get; init; }

    public double Minutes { get; init; }
}

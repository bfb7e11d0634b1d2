using ModelHub.Application.Identity;

namespace ModelHub.Application.Deployments;

public enum DeploymentEventKind
{
    Created,
    Replaced,
    RolledBack,
    StageChanged,
    ThresholdChanged,
    TrafficChanged,
    SettingsChanged,
    Renamed,
    Paused,
    Resumed,
}

/// <summary>A change of a deployment, and what was serving after it.</summary>
public sealed class DeploymentEvent
{
    private DeploymentEvent()
    {
    }

    public DeploymentEvent(Deployment after, DeploymentEventKind kind, Guid? from, string? reason, string by, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (DeploymentId, Kind, FromModelId, ModelId, Stage, Status, PredictionThreshold, Reason, By, At) =
            (after.Id, kind, from, after.ChampionId, after.Stage, after.Status, after.PredictionThreshold, reason, by, now);
    }

    public Guid Id { get; private set; }

    public Guid DeploymentId { get; private set; }

    public DeploymentEventKind Kind { get; private set; }

    /// <summary>The champion before, when another took its place.</summary>
    public Guid? FromModelId { get; private set; }

    /// <summary>The champion after.</summary>
    public Guid ModelId { get; private set; }

    public DeploymentStage Stage { get; private set; }

    public DeploymentStatus Status { get; private set; }

    public double? PredictionThreshold { get; private set; }

    public string? Reason { get; private set; }

    /// <summary>Who did it.</summary>
    public string By { get; private set; } = "";

    public DateTimeOffset At { get; private set; }
}

using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.Deployments;

public enum DeploymentStage
{
    Staging,
    Production,
}

public enum DeploymentStatus
{
    Active,

    /// <summary>Keeps everything and scores nothing.</summary>
    Paused,
}

/// <summary>What a model does in a deployment.</summary>
public enum ServingRole
{
    /// <summary>Answers whatever the others do not.</summary>
    Champion,

    /// <summary>Answers a share of the requests.</summary>
    Variant,

    /// <summary>Answers a share that grows step by step.</summary>
    Canary,

    /// <summary>Scores what the others answer; its predictions are kept for comparison and not returned.</summary>
    Shadow,
}

/// <summary>A model behind a deployment.</summary>
public sealed class DeploymentModel
{
    private DeploymentModel()
    {
    }

    public DeploymentModel(Guid deploymentId, Guid modelId, ServingRole role, double weight = 0)
    {
        (DeploymentId, ModelId, Role, Weight) = (deploymentId, modelId, role, weight);
    }

    public Guid DeploymentId { get; private set; }

    /// <summary>A trained model's id, or a custom model version's.</summary>
    public Guid ModelId { get; private set; }

    public ServingRole Role { get; private set; }

    /// <summary>Per cent of the requests, for a variant.</summary>
    public double Weight { get; private set; }
}

/// <summary>An address that scores, and the models behind it. Replacing them drops no request and leaves a history.</summary>
public sealed class Deployment : IListed
{
    private Deployment()
    {
    }

    public Deployment(Guid projectId, string name, Guid modelId, DeploymentStage stage, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (ProjectId, Name, Stage, CreatedBy, CreatedAt, UpdatedAt) = (projectId, name, stage, createdBy, now, now);
        Models.Add(new DeploymentModel(Id, modelId, ServingRole.Champion));
    }

    public Guid Id { get; private set; }

    public Guid ProjectId { get; private set; }

    public string Name { get; private set; } = "";

    public string Description { get; private set; } = "";

    public DeploymentStage Stage { get; private set; }

    public DeploymentStatus Status { get; private set; }

    /// <summary>Where a binary model's classes part; one half unless set.</summary>
    public double? PredictionThreshold { get; private set; }

    public List<DeploymentModel> Models { get; private set; } = [];

    public DeploymentSettings Settings { get; private set; } = new();

    /// <summary>Grows with every change; what each process confirms to serve.</summary>
    public long Revision { get; private set; } = 1;

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public Guid ChampionId => Models.Single(m => m.Role == ServingRole.Champion).ModelId;

    public void Rename(string name, DateTimeOffset now)
    {
        Name = name;
        Touch(now);
    }

    public void Describe(string description, DateTimeOffset now)
    {
        Description = description;
        Touch(now);
    }

    public void MoveTo(DeploymentStage stage, DateTimeOffset now)
    {
        Stage = stage;
        Touch(now);
    }

    public void DrawLineAt(double? threshold, DateTimeOffset now)
    {
        PredictionThreshold = threshold;
        Touch(now);
    }

    public void Pause(DateTimeOffset now)
    {
        if (Status == DeploymentStatus.Paused)
            throw new ModelHubException(ErrorKind.WrongState, "already_paused", "The deployment is paused already.");
        Status = DeploymentStatus.Paused;
        Touch(now);
    }

    public void Resume(DateTimeOffset now)
    {
        if (Status == DeploymentStatus.Active)
            throw new ModelHubException(ErrorKind.WrongState, "already_active", "The deployment is active already.");
        Status = DeploymentStatus.Active;
        Touch(now);
    }

    /// <summary>Another champion; the others stay, but for the one that it was among them.</summary>
    public void Replace(Guid modelId, DateTimeOffset now)
    {
        Models.RemoveAll(m => m.Role == ServingRole.Champion || m.ModelId == modelId);
        Models.Add(new DeploymentModel(Id, modelId, ServingRole.Champion));
        if (Settings.Canary is not null && Models.TrueForAll(m => m.Role != ServingRole.Canary))
            Settings = Settings with { Canary = null };
        Touch(now);
    }

    /// <summary>Who shares the requests with the champion.</summary>
    public void Share(IEnumerable<DeploymentModel> others, string? stickyBy, CanaryPlan? canary, DateTimeOffset now)
    {
        Models.RemoveAll(m => m.Role != ServingRole.Champion);
        Models.AddRange(others);
        Settings = Settings with { StickyBy = stickyBy, Canary = canary };
        Touch(now);
    }

    public void Set(DeploymentSettings settings, DateTimeOffset now)
    {
        Settings = settings with { StickyBy = Settings.StickyBy, Canary = Settings.Canary };
        Touch(now);
    }

    private void Touch(DateTimeOffset now)
    {
        UpdatedAt = now;
        Revision++;
    }
}

using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;

namespace ModelHub.Application.CustomModels;

/// <summary>Somebody's own model: metadata, and versions that hold its files. The registry calls it a model as well.</summary>
public sealed class CustomModel
{
    private CustomModel()
    {
    }

    public CustomModel(Guid projectId, string name, TargetType target, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (ProjectId, Name, TargetType, CreatedBy, CreatedAt, UpdatedAt) = (projectId, name, target, createdBy, now, now);
        Grants.Add(new CustomModelGrant(Id, createdBy, SharingRole.Owner, canShare: true));
    }

    public Guid Id { get; private set; }

    /// <summary>The number by which the registry knows it.</summary>
    public long Number { get; private set; }

    public Guid ProjectId { get; private set; }

    public string Name { get; private set; } = "";

    public string Description { get; private set; } = "";

    public string Language { get; private set; } = "";

    public CustomModelType Type { get; private set; }

    public TargetType TargetType { get; private set; }

    public CustomModelTarget Target { get; private set; } = new();

    public CustomModelRuntime Runtime { get; private set; } = new();

    /// <summary>A name of the caller's own, unique in the project.</summary>
    public string? UserProvidedId { get; private set; }

    /// <summary>Training data belongs to versions, not to the model; once so, always so.</summary>
    public bool TrainingDataOfVersions { get; private set; }

    public TrainingData? TrainingData { get; private set; }

    public GitOrigin? Git { get; private set; }

    /// <summary>The template it was made from.</summary>
    public Guid? TemplateId { get; private set; }

    public Visibility Visibility { get; private set; }

    /// <summary>What a vendor wants to see again and means nothing to us: a JSON object.</summary>
    public string Extra { get; private set; } = "{}";

    public Guid? LatestVersionId { get; private set; }

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public List<CustomModelGrant> Grants { get; private set; } = [];

    public void Become(CustomModelType type, string? userProvidedId, Guid? templateId = null) =>
        (Type, UserProvidedId, TemplateId) = (type, userProvidedId, templateId);

    public void Rename(string name, string description, string language, DateTimeOffset now) =>
        (Name, Description, Language, UpdatedAt) = (name, description, language, now);

    /// <exception cref="ModelHubException">The target's name is fixed: training data or a deployment depends on it.</exception>
    public void Aim(CustomModelTarget target, bool isFixed, DateTimeOffset now)
    {
        if (isFixed && target.Name != Target.Name)
            throw ModelHubException.Conflict("target_fixed", "The target's name cannot change once training data is assigned or the model is deployed.");
        target.Check(TargetType);
        (Target, UpdatedAt) = (target, now);
    }

    /// <summary>What a model predicts whose file says so itself.</summary>
    public void Retarget(TargetType type, CustomModelTarget target, DateTimeOffset now)
    {
        target.Check(type);
        (TargetType, Target, UpdatedAt) = (type, target, now);
    }

    public void RunWith(CustomModelRuntime runtime, DateTimeOffset now)
    {
        runtime.Check();
        (Runtime, UpdatedAt) = (runtime, now);
    }

    /// <exception cref="ModelHubException">It cannot be switched back.</exception>
    public void KeepTrainingDataOfVersions(bool wanted)
    {
        if (TrainingDataOfVersions && !wanted)
            throw ModelHubException.Invalid(
                "isTrainingDataForVersionsPermanentlyEnabled", "Training data for versions has been enabled permanently for this model.");
        TrainingDataOfVersions = wanted;
    }

    /// <exception cref="ModelHubException">Training data of this model belongs to its versions.</exception>
    public void AssignTrainingData(TrainingData data, DateTimeOffset now)
    {
        if (TrainingDataOfVersions)
            throw ModelHubException.Invalid("datasetId", "Training data assignment at the model level has been permanently disabled for this model.");
        (TrainingData, UpdatedAt) = (data, now);
    }

    public void Remember(GitOrigin? git, string extra) => (Git, Extra) = (git, extra);

    public void Show(Visibility visibility) => Visibility = visibility;

    public void Point(CustomModelVersion version, DateTimeOffset now) => (LatestVersionId, UpdatedAt) = (version.Id, now);
}

/// <summary>With whom a custom model is shared.</summary>
public sealed class CustomModelGrant : Grant
{
    private CustomModelGrant()
    {
    }

    public CustomModelGrant(Guid modelId, Guid userId, SharingRole role, bool canShare)
        : base(userId, role, canShare) => ModelId = modelId;

    public Guid ModelId { get; private set; }
}

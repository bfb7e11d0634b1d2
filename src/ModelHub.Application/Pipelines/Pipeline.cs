using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.Pipelines;

/// <summary>A name under which models are deployed, as the registry knows it: one model, or several that share the requests.</summary>
public sealed class Pipeline
{
    private Pipeline()
    {
    }

    public Pipeline(Guid projectId, string name, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (ProjectId, Name, CreatedBy, CreatedAt, UpdatedAt) = (projectId, name, createdBy, now, now);
    }

    public Guid Id { get; private set; }

    public long Number { get; private set; }

    public Guid ProjectId { get; private set; }

    public string Name { get; private set; } = "";

    /// <summary>What serves it; null when it is not deployed.</summary>
    public Guid? DeploymentId { get; private set; }

    /// <summary>The number by which the registry knew its last deployment.</summary>
    public long? DeploymentNumber { get; private set; }

    /// <summary>The version that was deployed last.</summary>
    public Guid? DeployedVersionId { get; private set; }

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public List<PipelineVersion> Versions { get; private set; } = [];

    public PipelineVersion Add(PipelineDefinition definition, DateTimeOffset now)
    {
        var version = new PipelineVersion(Id, definition, now);
        Versions.Add(version);
        UpdatedAt = now;
        return version;
    }

    /// <exception cref="ModelHubException">It is deployed already.</exception>
    public void Deploy(Guid deploymentId, long number, PipelineVersion version, DateTimeOffset now)
    {
        if (DeploymentId is not null)
            throw new ModelHubException(ErrorKind.WrongState, "deployed", $"The pipeline '{Name}' is deployed already; undeploy it first.");
        (DeploymentId, DeploymentNumber, DeployedVersionId, UpdatedAt) = (deploymentId, number, version.Id, now);
    }

    public void Undeploy(DateTimeOffset now) => (DeploymentId, UpdatedAt) = (null, now);
}

/// <summary>What a pipeline is to run; immutable.</summary>
public sealed class PipelineVersion
{
    private PipelineVersion()
    {
    }

    public PipelineVersion(Guid pipelineId, PipelineDefinition definition, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (PipelineId, Definition, CreatedAt) = (pipelineId, definition, now);
    }

    public Guid Id { get; private set; }

    public long Number { get; private set; }

    public Guid PipelineId { get; private set; }

    public PipelineDefinition Definition { get; private set; } = PipelineDefinition.Empty;

    public DateTimeOffset CreatedAt { get; private set; }
}

/// <summary>The models that answer, and their shares; none as long as nothing is said.</summary>
/// <param name="HashKey">The column that decides which model answers; null for chance.</param>
public sealed record PipelineDefinition(IReadOnlyList<PipelineShare> Models, string? HashKey = null)
{
    public const int MostModels = 20;

    public static PipelineDefinition Empty { get; } = new([]);

    /// <exception cref="ModelHubException">A share makes no sense, or a model is named twice.</exception>
    public PipelineDefinition Checked()
    {
        if (Models.Count > MostModels)
            throw ModelHubException.Invalid("definition", $"A split is among {MostModels} models at most.");
        if (Models.Any(m => m.Weight is not (> 0 and <= 1e9)))
            throw ModelHubException.Invalid("definition", "A model's 'weight' is more than 0.");
        if (Models.DistinctBy(m => m.ModelId).Count() != Models.Count)
            throw ModelHubException.Invalid("definition", "A split names a model twice.");
        return this;
    }
}

/// <summary>One model of a pipeline.</summary>
/// <param name="ModelId">A trained model's id, or a custom model version's.</param>
/// <param name="Weight">Its share among the weights of all.</param>
public sealed record PipelineShare(Guid ModelId, string Name, string Sha256, double Weight);

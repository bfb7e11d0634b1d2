using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;

namespace ModelHub.Application.Experiments;

public enum ExperimentStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>What a search was asked for.</summary>
public sealed record ExperimentConfig
{
    /// <summary>high_speed, balanced or high_accuracy.</summary>
    public string Mode { get; init; } = "balanced";

    public string? Metric { get; init; }

    public int? MaxModels { get; init; }

    public double? MaxRuntimeSecs { get; init; }

    /// <summary>Null for five, or one held-out part of very much data.</summary>
    public int? Folds { get; init; }

    /// <summary>Columns that name the folds, the groups that stay together, or the moments that are not learned from before they come.</summary>
    public string? FoldColumn { get; init; }

    public string? GroupColumn { get; init; }

    public string? TimeColumn { get; init; }

    public double? MaxMicrosPerRow { get; init; }

    public long Seed { get; init; } = 42;

    public IReadOnlyList<string> CategoricalColumns { get; init; } = [];

    public IReadOnlyList<string> IgnoredColumns { get; init; } = [];

    public Guid? ValidationVersionId { get; init; }
}

/// <summary>One AutoML run and its leaderboard.</summary>
public sealed class Experiment : IListed
{
    private Experiment()
    {
    }

    public Experiment(
        Guid projectId, Guid datasetId, Guid datasetVersionId, string name, string target, string problemType, ExperimentConfig config,
        string origin, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        ProjectId = projectId;
        DatasetId = datasetId;
        DatasetVersionId = datasetVersionId;
        Name = name;
        Target = target;
        ProblemType = problemType;
        Config = config;
        Origin = origin;
        CreatedBy = createdBy;
        CreatedAt = now;
    }

    public Guid Id { get; private set; }

    public Guid ProjectId { get; private set; }

    public Guid DatasetId { get; private set; }

    public Guid DatasetVersionId { get; private set; }

    public string Name { get; private set; } = "";

    public string Target { get; private set; } = "";

    /// <summary>auto, classification or regression, as asked for.</summary>
    public string ProblemType { get; private set; } = "auto";

    /// <summary>binary, multiclass or regression, once the search knows.</summary>
    public string? Task { get; private set; }

    public ExperimentConfig Config { get; private set; } = new();

    /// <summary>The dialect it was started through; names are unique per dataset where that dialect says so.</summary>
    public string Origin { get; private set; } = "hub";

    public Guid CreatedBy { get; private set; }

    public Guid JobId { get; private set; }

    public ExperimentStatus Status { get; private set; }

    public string? Error { get; private set; }

    public Guid? BestModelId { get; private set; }

    /// <summary>Columns that were left out, each with its reason, as JSON.</summary>
    public string? DroppedColumns { get; private set; }

    /// <summary>How far the search is (<see cref="SearchLive"/>), as JSON; null before its first trial has ended.</summary>
    public string? Live { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? FinishedAt { get; private set; }

    public void RunBy(Job job) => JobId = job.Id;

    public void Start(DateTimeOffset now)
    {
        if (Status is not (ExperimentStatus.Queued or ExperimentStatus.Running))
            throw new ModelHubException(ErrorKind.WrongState, "experiment_ended", $"The experiment has already ended as {Status}.");
        Status = ExperimentStatus.Running;
        StartedAt ??= now;
    }

    public void Learned(string task, string? droppedColumns)
    {
        Task = task;
        DroppedColumns = droppedColumns;
    }

    public void Tell(string live) => Live = live;

    public void Best(Guid? modelId) => BestModelId = modelId;

    public void End(ExperimentStatus status, DateTimeOffset now, string? error = null)
    {
        if (Status is ExperimentStatus.Succeeded or ExperimentStatus.Failed or ExperimentStatus.Cancelled)
            return;
        Status = status;
        StartedAt ??= now;
        FinishedAt = now;
        Error = error;
    }
}

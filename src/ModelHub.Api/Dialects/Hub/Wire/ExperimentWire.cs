using System.Text.Json;
using ModelHub.Application.Experiments;

namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record ExperimentRequest
{
    public string? ProjectId { get; init; }

    public string? DatasetVersionId { get; init; }

    public string? Name { get; init; }

    public string? TargetColumn { get; init; }

    /// <summary>auto, classification or regression.</summary>
    public string? ProblemType { get; init; }

    public ExperimentConfigWire? Config { get; init; }
}

public sealed record ExperimentConfigWire
{
    /// <summary>high_speed, balanced (default) or high_accuracy.</summary>
    public string? Mode { get; init; }

    /// <summary>Metric that orders the leaderboard; by default auc, logloss or rmse.</summary>
    public string? Metric { get; init; }

    public int? MaxModels { get; init; }

    public double? MaxRuntimeSecs { get; init; }

    /// <summary>2 to 50; five when not given, or one held-out part of very much data.</summary>
    public int? Nfolds { get; init; }

    /// <summary>A column whose values name the folds.</summary>
    public string? FoldColumn { get; init; }

    /// <summary>A column whose values name groups, which stay together.</summary>
    public string? GroupColumn { get; init; }

    /// <summary>A column of moments: only what was before is learned from.</summary>
    public string? TimeColumn { get; init; }

    /// <summary>Models that are slower rank behind all others, and the ensemble keeps within it.</summary>
    public double? MaxMicrosPerRow { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyList<string>? CategoricalColumns { get; init; }

    public IReadOnlyList<string>? IgnoredColumns { get; init; }

    public string? ValidationDatasetVersionId { get; init; }
}

public sealed record ExperimentWire
{
    public required Guid Id { get; init; }

    public required Guid ProjectId { get; init; }

    public required Guid DatasetId { get; init; }

    public required Guid DatasetVersionId { get; init; }

    public required string Name { get; init; }

    public required string TargetColumn { get; init; }

    public required string ProblemType { get; init; }

    /// <summary>binary, multiclass or regression, once known.</summary>
    public required string? Task { get; init; }

    public required ExperimentConfigWire Config { get; init; }

    /// <summary>queued, running, succeeded, failed or cancelled.</summary>
    public required string Status { get; init; }

    /// <summary>Metric that orders the leaderboard.</summary>
    public required string Metric { get; init; }

    /// <summary>0..1.</summary>
    public required double Progress { get; init; }

    /// <summary>What has ended so far, told while the search runs.</summary>
    public required LiveWire? Live { get; init; }

    public required string? Message { get; init; }

    public required string? Error { get; init; }

    public required Guid JobId { get; init; }

    public required Guid? BestModelId { get; init; }

    public required JsonElement? DroppedColumns { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The leaderboard, in the experiment's own answer only.</summary>
    public IReadOnlyList<LeaderboardWire>? Leaderboard { get; init; }
}

public sealed record LeaderboardWire
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Algo { get; init; }

    public required bool IsBest { get; init; }

    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>1 for the best; null for what failed.</summary>
    public required int? Rank { get; init; }

    /// <summary>Of the experiment's metric.</summary>
    public required IReadOnlyList<double> FoldScores { get; init; }

    public required double? FoldMean { get; init; }

    /// <summary>Standard deviation over the folds; null for fewer than two.</summary>
    public required double? FoldDeviation { get; init; }

    public required double TrainSeconds { get; init; }

    public required double MicrosPerRow { get; init; }

    public required long SizeBytes { get; init; }

    public required string? FailureReason { get; init; }
}

public sealed record LiveWire
{
    public required int TrialsDone { get; init; }

    /// <summary>Null for a search that is bounded by time.</summary>
    public required int? TrialsPlanned { get; init; }

    /// <summary>Of a running search, as far as can be told.</summary>
    public required double? SecondsLeft { get; init; }

    public required LiveTrial? Best { get; init; }

    /// <summary>In the order in which they ended; the last hundred.</summary>
    public required IReadOnlyList<LiveTrial> Trials { get; init; }
}

public sealed record PlanAnswer(ExperimentPlan Plan);

public sealed record ExperimentAnswer(ExperimentWire Experiment);

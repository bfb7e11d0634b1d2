using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Search;

/// <summary>One entry of the leaderboard: a model, or the reason why there is none.</summary>
public sealed record CandidateResult
{
    /// <summary>Of the trial, in the order in which they were proposed.</summary>
    public int Number { get; init; }

    public required string Algorithm { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyDictionary<string, HyperParameter> Parameters { get; init; }

    public required double TrainSeconds { get; init; }

    /// <summary>Null when it failed, or was let go: see <see cref="AutoMlOptions.KeepsBestOnly"/>.</summary>
    public TrainedModel? Model { get; init; }

    public string? Failure { get; init; }

    /// <summary>Of out-of-fold predictions, or of the validation rows.</summary>
    public EvaluationReport? Report { get; init; }

    /// <summary>The optimised metric per fold.</summary>
    public double[] FoldScores { get; init; } = [];

    /// <summary>The optimised metric, negated where more is better, so that the best is the least; infinite when there is no model.</summary>
    public double Rank { get; init; } = double.PositiveInfinity;

    public double MicrosPerRow { get; init; }

    public IReadOnlyList<VariableImportance> Importance { get; init; } = [];

    /// <summary>Losses of the first fold by step.</summary>
    public IReadOnlyList<FitStep> History { get; init; } = [];

    /// <summary>Predictions of the validated rows, each by a model that had not seen it: rows × outputs.</summary>
    public double[] Outputs { get; init; } = [];

    /// <summary>Their labels: a number, or the number of a class.</summary>
    public double[] Truth { get; init; } = [];
}

public sealed record SearchResult(
    TaskKind Task, IReadOnlyList<string> Classes, IReadOnlyList<DroppedColumn> Dropped, string Metric, IReadOnlyList<CandidateResult> Candidates);

/// <summary>Hears how a search is going; called by one thread at a time.</summary>
/// <param name="share">How much is done, 0..1.</param>
public delegate void SearchProgress(double share, string message, CandidateResult latest);

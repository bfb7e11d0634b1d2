namespace ModelHub.Engine.Search;

/// <summary>One configuration to be tried on every fold.</summary>
/// <param name="Number">From 1, in the order in which they were proposed.</param>
/// <param name="Name">The algorithm's name and a number, as on the leaderboard.</param>
/// <param name="HopelessLoss">A loss on the first fold above which the other folds are not worth their time.</param>
/// <param name="Upon">Of a second level: what names the trials whose scores it reads.</param>
internal sealed record Trial(int Number, string Name, ILearner Learner, double? HopelessLoss = null, string Upon = "");

/// <summary>What came out of one trial on one fold.</summary>
/// <param name="Model">Null when it failed.</param>
/// <param name="Loss">Mean loss of the fold's held rows.</param>
internal sealed record FoldResult(IModel? Model, string? Failure, double Seconds, double Loss, IReadOnlyList<FitStep> History);

/// <summary>A trial while it is being run.</summary>
internal sealed class TrialRun(Trial trial, int folds)
{
    public Trial Trial { get; } = trial;

    /// <summary>The names of its parts in a journal, per fold.</summary>
    public string[] Parts { get; } = [.. Enumerable.Range(0, folds).Select(fold => FoldRecord.Name(trial, fold))];

    public FoldResult?[] Folds { get; } = new FoldResult?[folds];

    public PartState[] States { get; } = new PartState[folds];

    /// <summary>Raw scores of the held rows per fold.</summary>
    public double[]?[] Scores { get; } = new double[folds][];

    /// <summary>When it is asked to stop; null before it began.</summary>
    public TimeSpan? Until { get; set; }

    /// <summary>Why it ended without a model.</summary>
    public string? Failure { get; set; }

    public bool IsDone => Folds.All(f => f?.Model is not null);

    /// <summary>Mean over the folds; infinite when one is missing.</summary>
    public double Loss => IsDone ? Folds.Average(f => f!.Loss) : double.PositiveInfinity;

    public double Seconds => Folds.Sum(f => f?.Seconds ?? 0);
}

internal enum PartState
{
    Open,

    /// <summary>In this process.</summary>
    Running,

    /// <summary>In another process.</summary>
    Elsewhere,
    Done,
}

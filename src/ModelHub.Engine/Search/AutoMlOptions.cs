using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <summary>How much a search may try.</summary>
public enum SearchMode
{
    HighSpeed,
    Balanced,
    HighAccuracy,
}

/// <summary>What a search is asked for.</summary>
public sealed record AutoMlOptions
{
    public required string Target { get; init; }

    /// <summary>Null: told by the target. Classification is <see cref="TaskKind.Binary"/> or <see cref="TaskKind.Multiclass"/> by its labels.</summary>
    public bool? IsRegression { get; init; }

    public SearchMode Mode { get; init; } = SearchMode.Balanced;

    /// <summary>Candidates at most, the ensemble not counted; null for the mode's own number.</summary>
    public int? MaxModels { get; init; }

    /// <summary>Time at most; null for the mode's own.</summary>
    public TimeSpan? MaxRuntime { get; init; }

    /// <summary>The time that is kept: what was asked for; the mode's own when nothing was; none for a budget in trials alone.</summary>
    internal TimeSpan? Budget => MaxRuntime ?? (MaxModels is null ? Portfolio.TimeFor(Mode) : null);

    /// <summary>Folds of the cross-validation; null for five, or one held-out part of very much data.</summary>
    public int? Folds { get; init; }

    /// <summary>A column whose values name the folds.</summary>
    public string? FoldColumn { get; init; }

    /// <summary>A column whose values name groups; rows of one group are never learned from and held back in the same fold.</summary>
    public string? GroupColumn { get; init; }

    /// <summary>A column of moments or numbers; only rows before the held-out ones are learned from.</summary>
    public string? TimeColumn { get; init; }

    /// <summary>Models that need more microseconds per row rank behind all others, and the ensemble keeps within it; null for no limit.</summary>
    public double? MaxMicrosPerRow { get; init; }

    /// <summary>Of models that can no longer join the ensemble only figures are kept; who wants their bytes takes them as they are told.</summary>
    public bool KeepsBestOnly { get; init; }

    /// <summary>Trials that would need more are refused; null for what the process has.</summary>
    public long? MaxMemoryBytes { get; init; }

    public ulong Seed { get; init; } = 42;

    public int Threads { get; init; } = Environment.ProcessorCount;

    public IReadOnlySet<string> Categorical { get; init; } = new HashSet<string>();

    public IReadOnlySet<string> Ignored { get; init; } = new HashSet<string>();

    /// <summary>Metric that orders the leaderboard; null for auc (binary), logloss (multiclass) or rmse (regression).</summary>
    public string? Metric { get; init; }

    /// <summary>Rows to validate on, instead of folds.</summary>
    public Table? Validation { get; init; }
}

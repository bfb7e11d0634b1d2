namespace ModelHub.Engine.Trees;

/// <summary>Options of <see cref="GradientBoostedTrees"/>; names as users know them are in its <see cref="ILearner.Parameters"/>.</summary>
public sealed record BoostingOptions
{
    public static BoostingOptions Default { get; } = new();

    public int Trees { get; init; } = 300;

    public double LearnRate { get; init; } = 0.07;

    /// <summary>0 means no bound.</summary>
    public int MaxDepth { get; init; }

    public int MaxLeaves { get; init; } = 31;

    public int MaxBins { get; init; } = 255;

    /// <summary>Least sum of second derivatives in a child.</summary>
    public double MinChildWeight { get; init; } = 1e-3;

    public int MinRows { get; init; } = 20;

    public double L1 { get; init; }

    public double L2 { get; init; } = 1;

    public double MinSplitGain { get; init; }

    public double SampleRate { get; init; } = 1;

    public double ColumnSampleRatePerTree { get; init; } = 1;

    /// <summary>Added to the second derivatives when categories are sorted and split, so that rare ones do not lead.</summary>
    public double CategorySmoothing { get; init; } = 10;

    /// <summary>Steps without a better validation loss after which boosting stops; 0 never stops.</summary>
    public int EarlyStoppingRounds { get; init; } = 30;

    /// <exception cref="EngineException">An option is out of its range.</exception>
    public void Check()
    {
        Range(Trees is >= 1 and <= 100_000, "ntrees", "1 to 100000");
        Range(LearnRate is > 0 and <= 1, "learn_rate", "above 0, at most 1");
        Range(MaxDepth is >= 0 and <= 64, "max_depth", "0 to 64");
        Range(MaxLeaves is >= 2 and <= 65_536, "max_leaves", "2 to 65536");
        Range(MaxBins is >= 2 and <= 255, "nbins", "2 to 255");
        Range(MinRows is >= 1, "min_rows", "at least 1");
        Range(MinChildWeight >= 0 && L1 >= 0 && L2 >= 0 && MinSplitGain >= 0, "min_child_weight, reg_alpha, reg_lambda, min_split_gain", "not negative");
        Range(SampleRate is > 0 and <= 1, "sample_rate", "above 0, at most 1");
        Range(ColumnSampleRatePerTree is > 0 and <= 1, "col_sample_rate_per_tree", "above 0, at most 1");
        Range(CategorySmoothing >= 0 && EarlyStoppingRounds >= 0, "category_smoothing, stopping_rounds", "not negative");
    }

    public IReadOnlyDictionary<string, HyperParameter> Describe() => new Dictionary<string, HyperParameter>(StringComparer.Ordinal)
    {
        ["ntrees"] = new(Default.Trees, Trees),
        ["learn_rate"] = new(Default.LearnRate, LearnRate),
        ["max_depth"] = new(Default.MaxDepth, MaxDepth),
        ["max_leaves"] = new(Default.MaxLeaves, MaxLeaves),
        ["nbins"] = new(Default.MaxBins, MaxBins),
        ["min_rows"] = new(Default.MinRows, MinRows),
        ["min_child_weight"] = new(Default.MinChildWeight, MinChildWeight),
        ["reg_alpha"] = new(Default.L1, L1),
        ["reg_lambda"] = new(Default.L2, L2),
        ["sample_rate"] = new(Default.SampleRate, SampleRate),
        ["col_sample_rate_per_tree"] = new(Default.ColumnSampleRatePerTree, ColumnSampleRatePerTree),
        ["stopping_rounds"] = new(Default.EarlyStoppingRounds, EarlyStoppingRounds),
    };

    private static void Range(bool holds, string option, string range)
    {
        if (!holds)
            throw new EngineException($"{option} must be {range}.");
    }
}

using System.Globalization;
using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;

namespace ModelHub.Engine.Trees;

/// <summary>Options of <see cref="GradientBoostedTrees"/>, with bounds checked by <see cref="Validate"/>.</summary>
public sealed record BoostingOptions
{
    public static BoostingOptions Default { get; } = new();

    /// <summary>Iterations at most; with <see cref="EarlyStoppingRounds"/> there are as many as held-out rows ask for.</summary>
    public int Trees { get; init; } = 1000;

    /// <summary>What is added of each tree; 0 chooses: 0.05, but 0.1 for several classes or more than 200,000 rows, where small steps are dear.</summary>
    public double LearnRate { get; init; }

    /// <summary>Levels of splits, 0 for no limit (then <see cref="MaxLeaves"/> must be set).</summary>
    public int MaxDepth { get; init; }

    /// <summary>Leaves of a tree, 0 for no limit.</summary>
    public int MaxLeaves { get; init; } = 31;

    /// <summary>Split the leaf with the largest gain first instead of level by level; makes a difference with <see cref="MaxLeaves"/> only.</summary>
    public bool LeafWise { get; init; } = true;

    public int MaxBins { get; init; } = 255;

    /// <summary>Least sum of hessians of a child.</summary>
    public double MinChildWeight { get; init; } = 1e-3;

    public int MinRows { get; init; } = 20;

    public double L1 { get; init; }

    public double L2 { get; init; } = 1;

    public double MinSplitGain { get; init; }

    /// <summary>Share of rows that a tree learns from, drawn without replacement (Friedman 2002).</summary>
    public double SampleRate { get; init; } = 0.8;

    public double ColumnSampleRatePerTree { get; init; } = 0.8;

    public double ColumnSampleRatePerLevel { get; init; } = 1;

    public double ColumnSampleRatePerNode { get; init; } = 1;

    /// <summary>Iterations without a better validation loss after which boosting stops; 0 never stops.</summary>
    public int EarlyStoppingRounds { get; init; } = 30;

    public LossKind Loss { get; init; } = LossKind.Auto;

    /// <summary>The quantile, or the share of residuals below Huber's delta.</summary>
    public double LossAlpha { get; init; } = 0.9;

    public double TweediePower { get; init; } = 1.5;

    /// <summary>Per feature -1, 0 or +1; null for none.</summary>
    public IReadOnlyList<int>? MonotoneConstraints { get; init; }

    /// <summary>
    /// Rows' worth of smoothing of a category's gradient, and of L2 for a set of categories; a category with fewer rows in a node is not
    /// considered by itself when there are more than four.
    /// </summary>
    public double CategorySmoothing { get; init; } = 10;

    /// <summary>Refuses what cannot be learned with.</summary>
    /// <exception cref="EngineException">An option out of its range; the message names it.</exception>
    public void Validate(int featureCount)
    {
        Range("ntrees", Trees, 1, 100_000);
        if (LearnRate != 0)
            Range("learn_rate", LearnRate, 1e-6, 1);
        Range("max_depth", MaxDepth, 0, 100);
        Range("max_leaves", MaxLeaves, 0, 1 << 20);
        if (MaxLeaves == 1)
            throw new EngineException("max_leaves is 1; it must be 0 (no limit) or at least 2.");
        if (MaxDepth == 0 && MaxLeaves == 0)
            throw new EngineException("max_depth and max_leaves are both 0 (no limit); set one of them.");
        Range("nbins", MaxBins, 2, 255);
        Range("min_child_weight", MinChildWeight, 0, 1e12);
        Range("min_rows", MinRows, 1, int.MaxValue);
        Range("reg_alpha", L1, 0, 1e12);
        Range("reg_lambda", L2, 0, 1e12);
        Range("min_split_gain", MinSplitGain, 0, 1e30);
        Range("sample_rate", SampleRate, 1e-4, 1);
        Range("col_sample_rate_per_tree", ColumnSampleRatePerTree, 1e-4, 1);
        Range("col_sample_rate", ColumnSampleRatePerLevel, 1e-4, 1);
        Range("col_sample_rate_per_node", ColumnSampleRatePerNode, 1e-4, 1);
        Range("stopping_rounds", EarlyStoppingRounds, 0, 100_000);
        Range("category_smoothing", CategorySmoothing, 0, 1e9);
        if (MonotoneConstraints is null)
            return;
        if (MonotoneConstraints.Count != featureCount)
            throw new EngineException($"There are {MonotoneConstraints.Count} monotone_constraints for {featureCount} features.");
        foreach (var constraint in MonotoneConstraints)
            Range("monotone_constraints", constraint, -1, 1);
    }

    /// <summary>The rate that is used for a set.</summary>
    internal double RateFor(TrainingSet set, int rows) => LearnRate > 0 ? LearnRate : set.OutputCount > 1 || rows > 200_000 ? 0.1 : 0.05;

    /// <summary>Defaults and actual values by the options' public names.</summary>
    public IReadOnlyDictionary<string, HyperParameter> Describe()
    {
        var d = Default;
        return new Dictionary<string, HyperParameter>(StringComparer.Ordinal)
        {
            ["ntrees"] = new(d.Trees, Trees),
            ["learn_rate"] = new(d.LearnRate, LearnRate),
            ["max_depth"] = new(d.MaxDepth, MaxDepth),
            ["max_leaves"] = new(d.MaxLeaves, MaxLeaves),
            ["leaf_wise"] = new(d.LeafWise, LeafWise),
            ["nbins"] = new(d.MaxBins, MaxBins),
            ["min_child_weight"] = new(d.MinChildWeight, MinChildWeight),
            ["min_rows"] = new(d.MinRows, MinRows),
            ["reg_alpha"] = new(d.L1, L1),
            ["reg_lambda"] = new(d.L2, L2),
            ["min_split_gain"] = new(d.MinSplitGain, MinSplitGain),
            ["sample_rate"] = new(d.SampleRate, SampleRate),
            ["col_sample_rate_per_tree"] = new(d.ColumnSampleRatePerTree, ColumnSampleRatePerTree),
            ["col_sample_rate"] = new(d.ColumnSampleRatePerLevel, ColumnSampleRatePerLevel),
            ["col_sample_rate_per_node"] = new(d.ColumnSampleRatePerNode, ColumnSampleRatePerNode),
            ["stopping_rounds"] = new(d.EarlyStoppingRounds, EarlyStoppingRounds),
            ["loss"] = new(d.Loss.ToString(), Loss.ToString()),
            ["loss_alpha"] = new(d.LossAlpha, LossAlpha),
            ["tweedie_power"] = new(d.TweediePower, TweediePower),
            ["category_smoothing"] = new(d.CategorySmoothing, CategorySmoothing),
            ["monotone_constraints"] = new("", MonotoneConstraints is null ? "" : string.Join(',', MonotoneConstraints)),
        };
    }

    internal static void Range(string option, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
            throw new EngineException(string.Create(CultureInfo.InvariantCulture, $"{option} is {value}; it must be from {low} to {high}."));
    }
}

namespace ModelHub.Engine.Trees;

/// <summary>What one tree may grow into: the common part of boosting's and the forests' options.</summary>
internal sealed record GrowthRules
{
    public int MaxDepth { get; init; }

    public int MaxLeaves { get; init; }

    public bool LeafWise { get; init; }

    public double MinChildWeight { get; init; }

    public int MinRows { get; init; } = 1;

    public double L1 { get; init; }

    public double L2 { get; init; }

    public double MinSplitGain { get; init; }

    public double ColumnSamplePerTree { get; init; } = 1;

    public double ColumnSamplePerLevel { get; init; } = 1;

    public double ColumnSamplePerNode { get; init; } = 1;

    public IReadOnlyList<int>? Monotone { get; init; }

    public double CategorySmoothing { get; init; }

    /// <summary>Whether a category with fewer rows than <see cref="CategorySmoothing"/> is left out of a node's sets.</summary>
    public bool RareCategoriesStayRight { get; init; }

    public double LargestStep { get; init; } = double.PositiveInfinity;

    /// <summary>One drawn cut per feature instead of the best (extremely randomised trees, Geurts 2006).</summary>
    public bool RandomCuts { get; init; }
}

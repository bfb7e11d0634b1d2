namespace ModelHub.Engine.Trees;

/// <summary>A node while its tree grows: rich and temporary. Rows are a range of the tree's row buffer.</summary>
internal sealed class GrowingNode
{
    public required int Id { get; init; }

    public required int Begin { get; init; }

    public required int Count { get; init; }

    public required int Depth { get; init; }

    /// <summary>Packed sum of gradients and hessians.</summary>
    public long Sum { get; init; }

    /// <summary>Bounds of the value from monotone constraints above.</summary>
    public double Low { get; init; } = double.NegativeInfinity;

    public double High { get; init; } = double.PositiveInfinity;

    public Split Split = Split.None;

    /// <summary>Histogram of all features while the node waits to be split.</summary>
    public long[]? Histogram { get; set; }

    public GrowingNode? Left { get; set; }

    public GrowingNode? Right { get; set; }

    public bool IsLeaf => Left is null;

    /// <summary>Newton's step of the node, within its bounds.</summary>
    public double Value { get; set; }

    /// <summary>Class shares of a multiclass forest's leaf.</summary>
    public float[]? Shares { get; set; }
}

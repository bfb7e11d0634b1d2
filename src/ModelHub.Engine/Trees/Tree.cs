namespace ModelHub.Engine.Trees;

/// <summary>
/// One decision tree as a structure of arrays, node 0 the root, children after their parent. Everything (reference scoring, SHAP,
/// compilation, serialization, export) reads this form; growing uses richer temporary nodes.
/// </summary>
public sealed class Tree
{
    /// <summary>Feature that a node splits on; -1 marks a leaf.</summary>
    public required int[] Feature { get; init; }

    /// <summary>A numeric split sends a value to the left when value ≤ threshold.</summary>
    public required float[] Threshold { get; init; }

    public required int[] Left { get; init; }

    public required int[] Right { get; init; }

    /// <summary>Where a missing value (NaN) goes; a category not in any set of training is missing too.</summary>
    public required bool[] MissingLeft { get; init; }

    /// <summary>Offset of a categorical split's bit set in <see cref="CategoryBits"/>, -1 for a numeric split or a leaf.</summary>
    public required int[] CategoryOffset { get; init; }

    /// <summary>Words of a categorical split's bit set; a code beyond them goes to the right.</summary>
    public required int[] CategoryWords { get; init; }

    /// <summary>Bit sets of categorical splits: a code whose bit is set goes to the left.</summary>
    public required uint[] CategoryBits { get; init; }

    /// <summary>Values of a node, <see cref="Width"/> each; single precision so that scores and contributions add up in double precision.</summary>
    public required float[] Value { get; init; }

    /// <summary>Sum of weights of the training rows that reached a node: TreeSHAP's cover.</summary>
    public required double[] Cover { get; init; }

    /// <summary>Loss reduction of a split, 0 at a leaf.</summary>
    public required float[] Gain { get; init; }

    /// <summary>First output that the tree adds to.</summary>
    public int Output { get; init; }

    /// <summary>Outputs that the tree adds to: 1 for boosting, the number of classes for a multiclass forest.</summary>
    public int Width { get; init; } = 1;

    public int NodeCount => Feature.Length;

    /// <summary>The leaf that a row falls into: the reference that every compiled kernel must agree with.</summary>
    public int Leaf(ReadOnlySpan<float> row)
    {
        var node = 0;
        while (Feature[node] >= 0)
            node = GoesLeft(node, row[Feature[node]]) ? Left[node] : Right[node];
        return node;
    }

    /// <summary>Whether a value of a node's feature goes to the left.</summary>
    public bool GoesLeft(int node, float value)
    {
        if (float.IsNaN(value))
            return MissingLeft[node];
        if (CategoryOffset[node] < 0)
            return value <= Threshold[node];
        var code = (int)value;
        return code >= 0 && code >> 5 < CategoryWords[node]
            && (CategoryBits[CategoryOffset[node] + (code >> 5)] >> (code & 31) & 1) != 0;
    }
}

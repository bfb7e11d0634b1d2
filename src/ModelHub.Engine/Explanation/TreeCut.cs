namespace ModelHub.Engine.Explanation;

/// <summary>Where to cut: at the highest nodes whose subtrees are small enough.</summary>
internal sealed class TreeCut
{
    /// <summary>A pattern fits a byte.</summary>
    private const int MostBits = 8;

    private readonly TreePaths _paths;
    private readonly int[] _splitsBelow;
    private readonly int[] _place;
    private readonly List<(int Node, bool Left)> _above = [];
    private int _leaf;

    public TreeCut(TreePaths paths)
    {
        var tree = paths.Tree;
        _paths = paths;
        _place = new int[tree.NodeCount];
        _splitsBelow = new int[tree.NodeCount];
        for (var s = paths.Splits.Length - 1; s >= 0; s--)
        {
            var node = paths.Splits[s];
            _place[node] = s;
            _splitsBelow[node] = 1 + _splitsBelow[tree.Left[node]] + _splitsBelow[tree.Right[node]];
        }
        // A tree that is one leaf moves no row.
        if (paths.Splits.Length > 0)
            Visit(0);
    }

    public List<Part> Parts { get; } = [];

    public List<Step> Steps { get; } = [];

    public List<int> Features { get; } = [];

    public int TableNumbers { get; private set; }

    private void Visit(int node)
    {
        var tree = _paths.Tree;
        List<int> features = [.. _above.Select(s => tree.Feature[s.Node]).Distinct()];
        // Of a tree with several outputs a leaf's values are no part of its table, so that it stays alone.
        if (_splitsBelow[node] == 0 || tree.Width == 1 && features.Count + _splitsBelow[node] <= MostBits)
        {
            AddPart(node, features);
            return;
        }
        _above.Add((node, true));
        Visit(tree.Left[node]);
        _above[^1] = (node, false);
        Visit(tree.Right[node]);
        _above.RemoveAt(_above.Count - 1);
    }

    private void AddPart(int node, List<int> features)
    {
        var inside = new List<int>();
        CollectSplits(node, inside);
        // A bit per split where a byte and a word have room for that, so that all come by one instruction; else splits above on one feature share a bit.
        var isSimple = _above.Count + inside.Count <= MostBits && _paths.Splits.Length <= 64;
        var bits = (isSimple ? _above.Count : features.Count) + inside.Count;
        var firstStep = Steps.Count;
        if (bits <= MostBits)
        {
            var steps = _above.Select((s, at) => (Mask: _place[s.Node], Bit: isSimple ? at : features.IndexOf(_paths.Tree.Feature[s.Node]), s.Left))
                .Concat(inside.Select((s, at) => (Mask: _place[s], Bit: bits - inside.Count + at, Left: true))).ToList();
            if (isSimple)
                steps = [.. steps.OrderBy(s => s.Mask).Select((s, at) => (s.Mask, at, s.Left))];
            Steps.AddRange(steps.Select(s => new Step(s.Mask, (byte)(1 << s.Bit), s.Left || isSimple ? (byte)255 : (byte)0)));
        }
        features = [.. features.Union(inside.Select(n => _paths.Tree.Feature[n]))];
        var selected = isSimple ? Steps[firstStep..].Aggregate(0UL, (all, step) => all | 1UL << step.Mask) : 0;
        var stride = StrideOf(features.Count);
        TableNumbers = (TableNumbers + stride - 1) / stride * stride;
        Parts.Add(new Part(
            TableNumbers, stride, bits, firstStep, Steps.Count - firstStep, Features.Count, features.Count, _leaf, inside.Count + 1, selected));
        Features.AddRange(features);
        TableNumbers += bits <= MostBits ? stride << bits : 0;
        _leaf += inside.Count + 1;
    }

    /// <summary>Numbers from row to row of a table: rows are filled up so that none lies in two cache lines.</summary>
    private static int StrideOf(int players) => players switch { <= 2 => players, <= 4 => 4, _ => 8 };

    private void CollectSplits(int node, List<int> splits)
    {
        if (_paths.Tree.Feature[node] < 0)
            return;
        splits.Add(node);
        CollectSplits(_paths.Tree.Left[node], splits);
        CollectSplits(_paths.Tree.Right[node], splits);
    }

    /// <param name="Table">Where its table starts: a multiple of <paramref name="Stride"/>.</param>
    /// <param name="Bits">More than <see cref="MostBits"/> for a leaf below so many features that it has no table.</param>
    /// <param name="Players">Distinct features above it and in it.</param>
    /// <param name="Selected">The splits that are bits of the pattern, when each is one of its own and a word holds all of the tree; else 0.</param>
    public readonly record struct Part(
        int Table, int Stride, int Bits, int FirstStep, int Steps, int FirstFeature, int Players, int FirstLeaf, int Leaves, ulong Selected)
    {
        public bool IsTabled => Bits <= MostBits;
    }

    /// <param name="Bit">Of the pattern; of steps with the same bit all must agree.</param>
    /// <param name="Agree">What the split's mask is of a row whose bit stays set: 255 to the left, 0 to the right; to the left where each split has a bit.</param>
    public readonly record struct Step(int Mask, byte Bit, byte Agree);
}

using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>Where a tree stands among a forest's nodes and values.</summary>
internal struct FlatTree
{
    public int Root;
    public int Depth;
    public int Values;
    public int Width;
    public int Output;
}

/// <summary>Lays a forest's trees out as <see cref="FlatForest"/> walks them, breadth first.</summary>
internal sealed class FlatLayout
{
    private const int MostNodes = 1 << 16;
    private const int Deepest = 32;
    private readonly int _features;
    private int _node;
    private int _value;

    public FlatLayout(Forest forest)
    {
        _features = forest.FeatureCount;
        Categories = new CategoryPlanes(forest, MostNodes - 2 * _features - 1);
        Trees = new FlatTree[forest.Trees.Count];
        Careful = new Tree?[Trees.Length];
        for (var t = 0; t < Trees.Length; t++)
        {
            Trees[t] = new FlatTree { Width = forest.Trees[t].Width, Output = forest.Trees[t].Output, Depth = DepthOf(forest.Trees[t]) };
            if (Trees[t].Depth < 0)
                Careful[t] = forest.Trees[t];
        }
        Nodes = new ulong[forest.Trees.Where((_, t) => Careful[t] is null).Sum(t => t.NodeCount)];
        Values = new float[forest.Trees.Select((t, at) => Careful[at] is null ? t.Feature.Count(f => f < 0) * t.Width : t.Value.Length).Sum()];
        for (var t = 0; t < Trees.Length; t++)
            Add(forest.Trees[t], ref Trees[t]);
    }

    public ulong[] Nodes { get; }

    /// <summary>The leaves' values, by their numbers; of a careful tree those of all nodes.</summary>
    public float[] Values { get; }

    public FlatTree[] Trees { get; }

    /// <summary>The trees that are not laid out: too many nodes or categories, odd thresholds, very lopsided.</summary>
    public Tree?[] Careful { get; }

    public CategoryPlanes Categories { get; }

    /// <summary>A number as an integer in the same order.</summary>
    public static int Key(float value)
    {
        // Both zeros are one number.
        var bits = BitConverter.SingleToInt32Bits(value + 0f);
        return bits ^ (bits >> 31 & int.MaxValue);
    }

    private void Add(Tree tree, ref FlatTree shape)
    {
        (shape.Root, shape.Values) = (_node, _value);
        if (shape.Depth < 0)
        {
            tree.Value.CopyTo(Values, _value);
            _value += tree.Value.Length;
            return;
        }
        var queue = new Queue<int>([0]);
        var taken = 1;
        var leaves = 0;
        var never = (ulong)(2 * _features + Categories.Count);
        while (queue.TryDequeue(out var node))
        {
            var place = _node - shape.Root;
            if (tree.Feature[node] < 0)
            {
                tree.Value.AsSpan(node * tree.Width, tree.Width).CopyTo(Values.AsSpan(_value));
                _value += tree.Width;
                Nodes[_node++] = (ulong)place << 48 | never << 32 | (uint)leaves++;
                continue;
            }
            var isCategory = tree.CategoryOffset[node] >= 0;
            var plane = isCategory ? 2 * _features + Categories.Take(tree, node) : tree.Feature[node] + (tree.MissingLeft[node] ? _features : 0);
            Nodes[_node++] = (ulong)taken << 48 | (ulong)plane << 32 | (uint)(isCategory ? 0 : Key(tree.Threshold[node]));
            queue.Enqueue(tree.Left[node]);
            queue.Enqueue(tree.Right[node]);
            taken += 2;
        }
    }

    /// <summary>Depth of a tree, or -1 when only the careful walk may be used.</summary>
    private int DepthOf(Tree tree)
    {
        if (tree.NodeCount > MostNodes || 2 * _features >= MostNodes)
            return -1;
        var depths = new int[tree.NodeCount];
        for (var node = 0; node < tree.NodeCount; node++)
        {
            if (tree.Feature[node] < 0)
                continue;
            if (tree.CategoryOffset[node] >= 0 ? !Categories.Fit : float.IsNaN(tree.Threshold[node]))
                return -1;
            depths[tree.Left[node]] = depths[tree.Right[node]] = depths[node] + 1;
        }
        // Walking in step to the bottom of a lopsided tree costs more than stopping early.
        var deepest = depths.Max();
        return deepest <= Deepest ? deepest : -1;
    }
}

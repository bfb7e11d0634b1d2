using System.Runtime.CompilerServices;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// All nodes of a forest in one array of 8 bytes each, the two children of a node beside each other; a leaf is its own left child, so that
/// several walks go on in step without asking who has arrived. Numbers are compared as ordered integers; a split of categories reads a plane
/// of its own, which holds 0 or 1 by the row's code (<see cref="CategoryPlanes"/>).
/// </summary>
internal sealed class FlatForest
{
    /// <summary>Trees that are walked in step: enough to hide how long one step takes.</summary>
    private const int Lanes = 8;

    private const int MostNodes = 1 << 16;
    private readonly ulong[] _nodes;
    private readonly float[] _values;
    private readonly Shape[] _trees;

    // Per tree the place of each of its nodes; null when the tree is not laid out.
    private readonly int[]?[] _places;

    // Plain trees by depth, so that those of one depth are walked together; then the trees that need the careful walk.
    private readonly int[] _order;
    private readonly int _plainCount;
    private readonly Forest _forest;
    private readonly CategoryPlanes _categories;

    public FlatForest(Forest forest)
    {
        _forest = forest;
        _categories = new CategoryPlanes(forest, MostNodes - 2 * forest.FeatureCount);
        _trees = new Shape[forest.Trees.Count];
        _places = new int[]?[_trees.Length];
        var nodes = new List<ulong>();
        var values = new List<float>();
        for (var t = 0; t < _trees.Length; t++)
            _trees[t] = Add(forest.Trees[t], nodes, values, out _places[t]);
        _nodes = [.. nodes];
        _values = [.. values];
        _order = [.. Enumerable.Range(0, _trees.Length).OrderBy(t => _trees[t].Depth < 0 ? int.MaxValue : _trees[t].Depth).ThenBy(t => t)];
        _plainCount = _trees.Count(t => t.Depth >= 0);
    }

    /// <summary>
    /// Numbers of a prepared row: each feature with missing as the largest integer, then each with missing as the smallest, then the planes
    /// of categories.
    /// </summary>
    public int PreparedWidth => 2 * _forest.FeatureCount + _categories.Count;

    public int TreeCount => _trees.Length;

    public void Prepare(ReadOnlySpan<float> row, Span<int> prepared)
    {
        for (var f = 0; f < row.Length; f++)
        {
            var missing = float.IsNaN(row[f]);
            var key = Key(row[f]);
            prepared[f] = missing ? int.MaxValue : key;
            prepared[row.Length + f] = missing ? int.MinValue : key;
        }
        _categories.Write(row, prepared[(2 * row.Length)..]);
    }

    /// <summary>Adds all trees, in order, to one row's scores; eight trees are walked in step.</summary>
    /// <param name="leaves">Room for <see cref="TreeCount"/> places.</param>
    [SkipLocalsInit]
    public unsafe void Add(ReadOnlySpan<float> row, ReadOnlySpan<int> prepared, Span<int> leaves, Span<double> scores)
    {
        fixed (ulong* nodes = _nodes)
        fixed (int* x = prepared, order = _order, leaf = leaves)
        fixed (Shape* trees = _trees)
        {
            var at = 0;
            for (; at + Lanes <= _plainCount; at += Lanes)
                WalkEight(nodes, trees, order + at, x, leaf);
            for (; at < _plainCount; at++)
            {
                ref var tree = ref trees[order[at]];
                nuint place = 0;
                for (var depth = tree.Depth; depth > 0; depth--)
                    place = Next(nodes + tree.Root, place, x);
                leaf[order[at]] = (int)place;
            }
            for (; at < _trees.Length; at++)
                leaf[order[at]] = Walk(order[at], row);
        }
        Sum(leaves, scores);
    }

    /// <summary>Adds one tree to the scores of some rows; four rows are walked in step.</summary>
    /// <param name="rows">Rows as they came, one after the other; <paramref name="prepared"/> the same, prepared.</param>
    public unsafe void Add(int tree, int count, ReadOnlySpan<float> rows, ReadOnlySpan<int> prepared, Span<double> scores)
    {
        var (features, outputs, width) = (_forest.FeatureCount, _forest.OutputCount, PreparedWidth);
        var i = 0;
        if (_trees[tree].Depth >= 0)
        {
            fixed (ulong* nodes = &_nodes[_trees[tree].Root])
            fixed (int* all = prepared)
            {
                for (; i + 4 <= count; i += 4)
                {
                    var x = all + (long)i * width;
                    nuint a = 0, b = 0, c = 0, d = 0;
                    for (var depth = _trees[tree].Depth; depth > 0; depth--)
                    {
                        a = Next(nodes, a, x);
                        b = Next(nodes, b, x + width);
                        c = Next(nodes, c, x + 2 * width);
                        d = Next(nodes, d, x + 3 * width);
                    }
                    Add(tree, (int)a, scores.Slice(i * outputs, outputs));
                    Add(tree, (int)b, scores.Slice((i + 1) * outputs, outputs));
                    Add(tree, (int)c, scores.Slice((i + 2) * outputs, outputs));
                    Add(tree, (int)d, scores.Slice((i + 3) * outputs, outputs));
                }
            }
        }
        for (; i < count; i++)
            Add(tree, Walk(tree, rows.Slice(i * features, features)), scores.Slice(i * outputs, outputs));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void WalkEight(ulong* nodes, Shape* trees, int* order, int* x, int* leaves)
    {
        ulong* n0 = nodes + trees[order[0]].Root, n1 = nodes + trees[order[1]].Root, n2 = nodes + trees[order[2]].Root, n3 = nodes + trees[order[3]].Root;
        ulong* n4 = nodes + trees[order[4]].Root, n5 = nodes + trees[order[5]].Root, n6 = nodes + trees[order[6]].Root, n7 = nodes + trees[order[7]].Root;
        nuint a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        // By depth, so the last is the deepest.
        for (var depth = trees[order[7]].Depth; depth > 0; depth--)
        {
            a = Next(n0, a, x);
            b = Next(n1, b, x);
            c = Next(n2, c, x);
            d = Next(n3, d, x);
            e = Next(n4, e, x);
            f = Next(n5, f, x);
            g = Next(n6, g, x);
            h = Next(n7, h, x);
        }
        (leaves[order[0]], leaves[order[1]], leaves[order[2]], leaves[order[3]]) = ((int)a, (int)b, (int)c, (int)d);
        (leaves[order[4]], leaves[order[5]], leaves[order[6]], leaves[order[7]]) = ((int)e, (int)f, (int)g, (int)h);
    }

    /// <summary>A node is, from its lowest bits: threshold (32), feature or its second plane (16), place of the left child in its tree (16).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe nuint Next(ulong* tree, nuint place, int* x)
    {
        var node = tree[place];
        return (nuint)(node >> 48) + (x[(ushort)(node >> 32)] > (int)node ? 1u : 0u);
    }

    private unsafe void Sum(ReadOnlySpan<int> leaves, Span<double> scores)
    {
        if (_forest.OutputCount != 1)
        {
            for (var t = 0; t < _trees.Length; t++)
                Add(t, leaves[t], scores);
            return;
        }
        var sum = scores[0];
        fixed (float* values = _values)
        fixed (Shape* trees = _trees)
        {
            for (var t = 0; t < leaves.Length; t++)
                sum += values[trees[t].Values + leaves[t]];
        }
        scores[0] = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(int tree, int place, Span<double> scores)
    {
        ref var shape = ref _trees[tree];
        var at = shape.Values + place * shape.Width;
        for (var o = 0; o < shape.Width; o++)
            scores[shape.Output + o] += _values[at + o];
    }

    /// <summary>One walk over the tree itself, which knows categories; the place of its leaf.</summary>
    private int Walk(int tree, ReadOnlySpan<float> row)
    {
        var source = _forest.Trees[tree];
        var node = source.Leaf(row);
        return _places[tree] is { } places ? places[node] : node;
    }

    private static int Key(float value)
    {
        // Both zeros are one number.
        var bits = BitConverter.SingleToInt32Bits(value + 0f);
        return bits ^ (bits >> 31 & int.MaxValue);
    }

    /// <summary>Appends a tree, breadth first, when it can be walked in step; its values in any case.</summary>
    private Shape Add(Tree tree, List<ulong> nodes, List<float> values, out int[]? places)
    {
        var shape = new Shape { Root = nodes.Count, Values = values.Count, Width = tree.Width, Output = tree.Output, Depth = Depth(tree) };
        places = null;
        if (shape.Depth < 0)
        {
            values.AddRange(tree.Value);
            return shape;
        }
        places = new int[tree.NodeCount];
        var queue = new Queue<int>([0]);
        var taken = 1;
        while (queue.TryDequeue(out var node))
        {
            var place = nodes.Count - shape.Root;
            places[node] = place;
            for (var o = 0; o < tree.Width; o++)
                values.Add(tree.Value[node * tree.Width + o]);
            if (tree.Feature[node] < 0)
            {
                nodes.Add((ulong)place << 48 | int.MaxValue);
                continue;
            }
            var features = _forest.FeatureCount;
            var isCategory = tree.CategoryOffset[node] >= 0;
            var plane = isCategory ? 2 * features + _categories.Take(tree, node) : tree.Feature[node] + (tree.MissingLeft[node] ? features : 0);
            nodes.Add((ulong)taken << 48 | (ulong)plane << 32 | (uint)(isCategory ? 0 : Key(tree.Threshold[node])));
            queue.Enqueue(tree.Left[node]);
            queue.Enqueue(tree.Right[node]);
            taken += 2;
        }
        return shape;
    }

    /// <summary>Depth of a tree, or -1 when only the careful walk may be used: too many categories, odd thresholds, very lopsided or large trees.</summary>
    private int Depth(Tree tree)
    {
        if (tree.NodeCount > MostNodes || 2 * _forest.FeatureCount > MostNodes)
            return -1;
        var depths = new int[tree.NodeCount];
        for (var node = 0; node < tree.NodeCount; node++)
        {
            if (tree.Feature[node] < 0)
                continue;
            if (tree.CategoryOffset[node] >= 0 ? !_categories.Fit : float.IsNaN(tree.Threshold[node]))
                return -1;
            depths[tree.Left[node]] = depths[tree.Right[node]] = depths[node] + 1;
        }
        // Walking in step to the bottom of a lopsided tree costs more than stopping early.
        var deepest = depths.Max();
        return deepest <= 32 ? deepest : -1;
    }

    private struct Shape
    {
        public int Root;
        public int Depth;
        public int Values;
        public int Width;
        public int Output;
    }
}

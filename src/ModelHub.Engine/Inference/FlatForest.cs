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

    private readonly ulong[] _nodes;
    private readonly float[] _values;
    private readonly FlatTree[] _trees;

    /// <summary>Trees that are walked as they are, carefully; null where one is laid out.</summary>
    private readonly Tree?[] _careful;

    // Trees that are laid out by depth, so that those of one depth are walked together; then the careful ones.
    private readonly int[] _order;
    private readonly int _plainCount;
    private readonly CategoryPlanes _categories;
    private readonly int _features;
    private readonly int _outputs;

    public FlatForest(Forest forest)
    {
        (_features, _outputs) = (forest.FeatureCount, forest.OutputCount);
        var layout = new FlatLayout(forest);
        (_nodes, _values, _trees, _careful, _categories) = (layout.Nodes, layout.Values, layout.Trees, layout.Careful, layout.Categories);
        _order = [.. Enumerable.Range(0, _trees.Length).OrderBy(t => _careful[t] is null ? _trees[t].Depth : int.MaxValue).ThenBy(t => t)];
        _plainCount = _careful.Count(t => t is null);
    }

    /// <summary>
    /// Numbers of a prepared row: each feature with missing as the largest integer, then each with missing as the smallest, then the planes
    /// of categories, and last the smallest integer, which is never greater: what leaves compare.
    /// </summary>
    public int PreparedWidth => 2 * _features + _categories.Count + 1;

    public int TreeCount => _trees.Length;

    public void Prepare(ReadOnlySpan<float> row, Span<int> prepared)
    {
        for (var f = 0; f < row.Length; f++)
        {
            var missing = float.IsNaN(row[f]);
            var key = FlatLayout.Key(row[f]);
            prepared[f] = missing ? int.MaxValue : key;
            prepared[row.Length + f] = missing ? int.MinValue : key;
        }
        _categories.Write(row, prepared[(2 * row.Length)..]);
        prepared[PreparedWidth - 1] = int.MinValue;
    }

    /// <summary>Adds all trees, in order, to one row's scores; eight trees are walked in step.</summary>
    /// <param name="leaves">Room for <see cref="TreeCount"/> numbers.</param>
    [SkipLocalsInit]
    public unsafe void Add(ReadOnlySpan<float> row, ReadOnlySpan<int> prepared, Span<int> leaves, Span<double> scores)
    {
        fixed (ulong* nodes = _nodes)
        fixed (int* x = prepared, order = _order, leaf = leaves)
        fixed (FlatTree* trees = _trees)
        {
            var at = 0;
            for (; at + Lanes <= _plainCount; at += Lanes)
                WalkEight(nodes, trees, order + at, x, leaf);
            for (; at < _plainCount; at++)
            {
                ref var tree = ref trees[order[at]];
                leaf[order[at]] = Walk(nodes + tree.Root, tree.Depth, x);
            }
            for (; at < _trees.Length; at++)
                leaf[order[at]] = _careful[order[at]]!.Leaf(row);
        }
        Sum(leaves, scores);
    }

    /// <summary>Adds one tree to the scores of some rows; four rows are walked in step.</summary>
    /// <param name="rows">Rows as they came, one after the other; <paramref name="prepared"/> the same, prepared.</param>
    public unsafe void Add(int tree, int count, ReadOnlySpan<float> rows, ReadOnlySpan<int> prepared, Span<double> scores)
    {
        var (outputs, width) = (_outputs, PreparedWidth);
        if (_careful[tree] is { } source)
        {
            for (var r = 0; r < count; r++)
                Add(tree, source.Leaf(rows.Slice(r * _features, _features)), scores.Slice(r * outputs, outputs));
            return;
        }
        var i = 0;
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
                Add(tree, (int)nodes[a], scores.Slice(i * outputs, outputs));
                Add(tree, (int)nodes[b], scores.Slice((i + 1) * outputs, outputs));
                Add(tree, (int)nodes[c], scores.Slice((i + 2) * outputs, outputs));
                Add(tree, (int)nodes[d], scores.Slice((i + 3) * outputs, outputs));
            }
            for (; i < count; i++)
                Add(tree, Walk(nodes, _trees[tree].Depth, all + (long)i * width), scores.Slice(i * outputs, outputs));
        }
    }

    /// <summary>One walk down a tree that is laid out; the number of its leaf.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe int Walk(ulong* nodes, int depth, int* x)
    {
        nuint place = 0;
        for (; depth > 0; depth--)
            place = Next(nodes, place, x);
        return (int)nodes[place];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void WalkEight(ulong* nodes, FlatTree* trees, int* order, int* x, int* leaves)
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
        (leaves[order[0]], leaves[order[1]], leaves[order[2]], leaves[order[3]]) = ((int)n0[a], (int)n1[b], (int)n2[c], (int)n3[d]);
        (leaves[order[4]], leaves[order[5]], leaves[order[6]], leaves[order[7]]) = ((int)n4[e], (int)n5[f], (int)n6[g], (int)n7[h]);
    }

    /// <summary>
    /// A node is, from its lowest bits: threshold, or a leaf's number (32); feature or its second plane (16); place of the left child in its tree (16).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe nuint Next(ulong* tree, nuint place, int* x)
    {
        var node = tree[place];
        return (nuint)(node >> 48) + (x[(ushort)(node >> 32)] > (int)node ? 1u : 0u);
    }

    private unsafe void Sum(ReadOnlySpan<int> leaves, Span<double> scores)
    {
        if (_outputs != 1)
        {
            for (var t = 0; t < _trees.Length; t++)
                Add(t, leaves[t], scores);
            return;
        }
        var sum = scores[0];
        fixed (float* values = _values)
        fixed (FlatTree* trees = _trees)
        {
            for (var t = 0; t < leaves.Length; t++)
                sum += values[trees[t].Values + leaves[t]];
        }
        scores[0] = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(int tree, int leaf, Span<double> scores)
    {
        ref var shape = ref _trees[tree];
        var at = shape.Values + leaf * shape.Width;
        for (var o = 0; o < shape.Width; o++)
            scores[shape.Output + o] += _values[at + o];
    }
}

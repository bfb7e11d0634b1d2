using System.Runtime.CompilerServices;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// All nodes of a forest in one array, 16 bytes each, the two children of a node beside each other; a leaf is its own left child, so that
/// several walks go on in step without asking who has arrived.
/// </summary>
internal sealed class FlatForest
{
    private readonly Node[] _nodes;
    private readonly int[] _valueAt;
    private readonly float[] _values;
    private readonly int[] _roots;
    private readonly int[] _depths;
    private readonly Forest _forest;

    public FlatForest(Forest forest)
    {
        _forest = forest;
        var nodes = new List<Node>();
        var valueAt = new List<int>();
        var values = new List<float>();
        _roots = new int[forest.Trees.Count];
        _depths = new int[forest.Trees.Count];
        for (var t = 0; t < _roots.Length; t++)
        {
            _roots[t] = nodes.Count;
            _depths[t] = Add(forest.Trees[t], forest.FeatureCount, nodes, valueAt, values);
        }
        _nodes = [.. nodes];
        _valueAt = [.. valueAt];
        _values = [.. values];
    }

    /// <summary>Numbers of a prepared row: each feature with missing as +infinity, then each with missing as -infinity.</summary>
    public int PreparedWidth => 2 * _forest.FeatureCount;

    public static void Prepare(ReadOnlySpan<float> row, Span<float> prepared)
    {
        for (var f = 0; f < row.Length; f++)
        {
            var missing = float.IsNaN(row[f]);
            prepared[f] = missing ? float.PositiveInfinity : row[f];
            prepared[row.Length + f] = missing ? float.NegativeInfinity : row[f];
        }
    }

    /// <summary>Adds all trees, in order, to one row's scores; four trees are walked in step.</summary>
    public unsafe void Add(ReadOnlySpan<float> row, ReadOnlySpan<float> prepared, Span<double> scores)
    {
        fixed (Node* nodes = _nodes)
        fixed (float* x = prepared)
        {
            var t = 0;
            for (; t + 4 <= _roots.Length; t += 4)
            {
                var depth = Math.Max(Math.Max(_depths[t], _depths[t + 1]), Math.Max(_depths[t + 2], _depths[t + 3]));
                if (Math.Min(Math.Min(_depths[t], _depths[t + 1]), Math.Min(_depths[t + 2], _depths[t + 3])) < 0)
                {
                    for (var k = t; k < t + 4; k++)
                        Add(k, Walk(k, row), scores);
                    continue;
                }
                int a = _roots[t], b = _roots[t + 1], c = _roots[t + 2], d = _roots[t + 3];
                for (; depth > 0; depth--)
                {
                    a = Next(nodes + a, x);
                    b = Next(nodes + b, x);
                    c = Next(nodes + c, x);
                    d = Next(nodes + d, x);
                }
                Add(t, a, scores);
                Add(t + 1, b, scores);
                Add(t + 2, c, scores);
                Add(t + 3, d, scores);
            }
            for (; t < _roots.Length; t++)
                Add(t, Walk(t, row), scores);
        }
    }

    /// <summary>Adds one tree to the scores of some rows; four rows are walked in step.</summary>
    /// <param name="rows">Rows as they came, one after the other; <paramref name="prepared"/> the same, prepared.</param>
    public unsafe void Add(int tree, int count, ReadOnlySpan<float> rows, ReadOnlySpan<float> prepared, Span<double> scores)
    {
        var (features, outputs) = (_forest.FeatureCount, _forest.OutputCount);
        var i = 0;
        if (_depths[tree] >= 0)
        {
            fixed (Node* nodes = _nodes)
            fixed (float* all = prepared)
            {
                for (; i + 4 <= count; i += 4)
                {
                    var x = all + (long)i * 2 * features;
                    int a = _roots[tree], b = a, c = a, d = a;
                    for (var depth = _depths[tree]; depth > 0; depth--)
                    {
                        a = Next(nodes + a, x);
                        b = Next(nodes + b, x + 2 * features);
                        c = Next(nodes + c, x + 4 * features);
                        d = Next(nodes + d, x + 6 * features);
                    }
                    Add(tree, a, scores.Slice(i * outputs, outputs));
                    Add(tree, b, scores.Slice((i + 1) * outputs, outputs));
                    Add(tree, c, scores.Slice((i + 2) * outputs, outputs));
                    Add(tree, d, scores.Slice((i + 3) * outputs, outputs));
                }
            }
        }
        for (; i < count; i++)
            Add(tree, Walk(tree, rows.Slice(i * features, features)), scores.Slice(i * outputs, outputs));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe int Next(Node* node, float* x) => node->Left + (x[node->Plane] <= node->Threshold ? 0 : 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(int tree, int node, Span<double> scores)
    {
        var shape = _forest.Trees[tree];
        var at = _valueAt[node];
        for (var o = 0; o < shape.Width; o++)
            scores[shape.Output + o] += _values[at + o];
    }

    /// <summary>One walk that stops at the leaf and knows categories.</summary>
    private int Walk(int tree, ReadOnlySpan<float> row)
    {
        var source = _forest.Trees[tree];
        var at = _roots[tree];
        while (_nodes[at].Source is >= 0 and var node)
            at = _nodes[at].Left + (source.GoesLeft(node, row[source.Feature[node]]) ? 0 : 1);
        return at;
    }

    /// <summary>Appends a tree, breadth first; returns its depth, or -1 when only the careful walk may be used.</summary>
    private static int Add(Tree tree, int features, List<Node> nodes, List<int> valueAt, List<float> values)
    {
        var plain = true;
        var deepest = 0;
        var queue = new Queue<(int Node, int Place, int Depth)>();
        Room(1);
        queue.Enqueue((0, nodes.Count - 1, 0));
        while (queue.TryDequeue(out var item))
        {
            var (node, place, depth) = item;
            deepest = Math.Max(deepest, depth);
            if (tree.Feature[node] < 0)
            {
                nodes[place] = new Node(float.PositiveInfinity, 0, place, -1);
                valueAt[place] = values.Count;
                values.AddRange(tree.Value.AsSpan(node * tree.Width, tree.Width));
                continue;
            }
            var threshold = tree.Threshold[node];
            plain &= tree.CategoryOffset[node] < 0 && !float.IsNaN(threshold) && !float.IsPositiveInfinity(threshold);
            var left = nodes.Count;
            Room(2);
            nodes[place] = new Node(threshold, tree.Feature[node] + (tree.MissingLeft[node] ? features : 0), left, node);
            queue.Enqueue((tree.Left[node], left, depth + 1));
            queue.Enqueue((tree.Right[node], left + 1, depth + 1));
        }
        // Walking in step to the bottom of a lopsided tree costs more than stopping early.
        return plain && deepest <= 32 ? deepest : -1;

        void Room(int count)
        {
            for (var i = 0; i < count; i++)
            {
                nodes.Add(default);
                valueAt.Add(0);
            }
        }
    }

    /// <param name="Left">Place of the left child; the right one is the next.</param>
    /// <param name="Source">The node in its tree, -1 at a leaf.</param>
    private readonly record struct Node(float Threshold, int Plane, int Left, int Source)
    {
        public readonly float Threshold = Threshold;
        public readonly int Plane = Plane;
        public readonly int Left = Left;
        public readonly int Source = Source;
    }
}

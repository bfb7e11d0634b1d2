using ModelHub.Engine.Binning;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Grows one tree leaf by leaf, the leaf with the most to gain first. Rows lie in one array, each leaf's together; the smaller child's
/// histogram is built, the other's is the rest of the parent's.
/// </summary>
internal sealed class TreeGrower(BinnedMatrix bins, BoostingOptions options, ThreadTeam team)
{
    private const int LeastToShare = 16_384;
    private readonly Histogram _histogram = new(bins, team);
    private readonly Stack<long[]> _free = new();
    private readonly long[] _packed = new long[bins.RowCount];
    private int[] _rows = [];
    private int[] _scratch = [];

    /// <param name="rows">Rows to learn from, ascending.</param>
    /// <param name="gradients">By row of the matrix.</param>
    /// <param name="hessians">By row of the matrix.</param>
    /// <param name="weights">By row of the matrix, null for ones: what covers count.</param>
    public Tree Grow(
        ReadOnlySpan<int> rows, float[] gradients, float[] hessians, double[]? weights, bool[]? usable, double rate, int output)
    {
        if (_rows.Length < rows.Length)
            (_rows, _scratch) = (new int[rows.Length], new int[rows.Length]);
        rows.CopyTo(_rows);
        var (gradientUnit, hessianUnit) = Quantise(rows.Length, gradients, hessians);
        var finder = new SplitFinder(bins, options, gradientUnit, hessianUnit);
        var builder = new TreeBuilder(bins);
        var leaves = new List<Leaf>();
        var open = new PriorityQueue<Leaf, (double, int)>();
        var root = new Leaf { Node = builder.AddLeaf(), Begin = 0, Count = rows.Length, Histogram = Rent() };
        _histogram.Build(_rows, 0, rows.Length, _packed, root.Histogram);
        root.Sums = Total(root.Histogram);
        Offer(root, finder, usable, leaves, open);
        while (open.Count > 0 && leaves.Count + open.Count < options.MaxLeaves)
        {
            var leaf = open.Dequeue();
            var (left, right) = Part(leaf, builder);
            Offer(left, finder, usable, leaves, open);
            Offer(right, finder, usable, leaves, open);
        }
        while (open.TryDequeue(out var rest, out _))
        {
            _free.Push(rest.Histogram!);
            leaves.Add(rest);
        }
        Leaves = leaves;
        return Finish(builder, leaves, gradients, hessians, weights, rate, output);
    }

    /// <summary>Where the rows of the last tree ended: the leaf's node and its rows.</summary>
    public void ForEachLeaf(Action<int, ArraySegment<int>> visit)
    {
        foreach (var leaf in Leaves)
            visit(leaf.Node, new ArraySegment<int>(_rows, leaf.Begin, leaf.Count));
    }

    private List<Leaf> Leaves { get; set; } = [];

    private (double Gradient, double Hessian) Quantise(int count, float[] gradients, float[] hessians)
    {
        float gradient = 0, hessian = 0;
        for (var i = 0; i < count; i++)
        {
            gradient = Math.Max(gradient, Math.Abs(gradients[_rows[i]]));
            hessian = Math.Max(hessian, hessians[_rows[i]]);
        }
        var levels = Math.Min(1 << 20, int.MaxValue / Math.Max(1, count)); // the sum over all rows fits into 31 bits
        var toGradient = gradient > 0 ? levels / (double)gradient : 0;
        var toHessian = hessian > 0 ? levels / (double)hessian : 0;
        team.Split(count, LeastToShare, (from, to) =>
        {
            for (var i = from; i < to; i++)
            {
                var row = _rows[i];
                _packed[row] = Histogram.Pack((int)Math.Round(gradients[row] * toGradient), (int)Math.Round(hessians[row] * toHessian));
            }
        });
        return (gradient / levels, hessian / levels);
    }

    private long Total(long[] histogram)
    {
        long total = 0;
        for (var b = bins.Offsets[0]; b < bins.Offsets[1]; b++)
            total += histogram[b];
        return total;
    }

    private void Offer(Leaf leaf, SplitFinder finder, bool[]? usable, List<Leaf> leaves, PriorityQueue<Leaf, (double, int)> open)
    {
        var deepEnough = options.MaxDepth > 0 && leaf.Depth >= options.MaxDepth;
        leaf.Best = deepEnough || leaf.Count < 2 * options.MinRows ? null : finder.Best(leaf.Histogram!, leaf.Sums, leaf.Count, usable);
        if (leaf.Best is null)
        {
            _free.Push(leaf.Histogram!);
            leaf.Histogram = null;
            leaves.Add(leaf);
        }
        else
        {
            open.Enqueue(leaf, (-leaf.Best.Gain, leaf.Node));
        }
    }

    private (Leaf Left, Leaf Right) Part(Leaf leaf, TreeBuilder builder)
    {
        var split = leaf.Best!;
        var leftCount = Partition(leaf, bins.ByColumn[split.Feature], split.Left);
        var (leftNode, rightNode) = builder.Part(leaf.Node, split);
        var left = new Leaf { Node = leftNode, Begin = leaf.Begin, Count = leftCount, Depth = leaf.Depth + 1, Sums = split.Sums };
        var right = new Leaf
        {
            Node = rightNode, Begin = leaf.Begin + leftCount, Count = leaf.Count - leftCount, Depth = leaf.Depth + 1, Sums = leaf.Sums - split.Sums,
        };
        var (small, large) = left.Count <= right.Count ? (left, right) : (right, left);
        small.Histogram = Rent();
        _histogram.Build(_rows, small.Begin, small.Count, _packed, small.Histogram);
        large.Histogram = leaf.Histogram;
        Histogram.Subtract(large.Histogram!, small.Histogram);
        return (left, right);
    }

    /// <summary>Parts a leaf's rows, keeping their order; returns how many go to the left.</summary>
    private int Partition(Leaf leaf, byte[] column, bool[] goesLeft)
    {
        if (leaf.Count < LeastToShare || team.Size == 1)
        {
            var left = 0;
            var right = 0;
            for (var i = leaf.Begin; i < leaf.Begin + leaf.Count; i++)
            {
                var row = _rows[i];
                if (goesLeft[column[row]])
                    _rows[leaf.Begin + left++] = row;
                else
                    _scratch[right++] = row;
            }
            Array.Copy(_scratch, 0, _rows, leaf.Begin + left, right);
            return left;
        }
        var lefts = new int[team.Size];
        int From(int member) => (int)((long)leaf.Count * member / team.Size);
        team.Run(member =>
        {
            var count = 0;
            for (var i = leaf.Begin + From(member); i < leaf.Begin + From(member + 1); i++)
                count += goesLeft[column[_rows[i]]] ? 1 : 0;
            lefts[member] = count;
        });
        var all = lefts.Sum();
        team.Run(member =>
        {
            var left = lefts.Take(member).Sum();
            var right = all + From(member) - left;
            for (var i = leaf.Begin + From(member); i < leaf.Begin + From(member + 1); i++)
            {
                var row = _rows[i];
                if (goesLeft[column[row]])
                    _scratch[left++] = row;
                else
                    _scratch[right++] = row;
            }
        });
        team.Split(leaf.Count, LeastToShare, (from, to) => Array.Copy(_scratch, from, _rows, leaf.Begin + from, to - from));
        return all;
    }

    /// <summary>Leaf values from the unrounded derivatives, each leaf summed in the order of its rows.</summary>
    private Tree Finish(
        TreeBuilder builder, List<Leaf> leaves, float[] gradients, float[] hessians, double[]? weights, double rate, int output)
    {
        var covers = new double[builder.Count];
        var values = new float[builder.Count];
        var next = 0;
        team.Run(_ =>
        {
            for (int l; (l = Interlocked.Increment(ref next) - 1) < leaves.Count;)
            {
                double gradient = 0, hessian = 0, cover = 0;
                for (var i = leaves[l].Begin; i < leaves[l].Begin + leaves[l].Count; i++)
                {
                    var row = _rows[i];
                    gradient += gradients[row];
                    hessian += hessians[row];
                    cover += weights?[row] ?? 1;
                }
                var shrunk = Math.Max(0, Math.Abs(gradient) - options.L1) * Math.Sign(gradient);
                values[leaves[l].Node] = (float)(-shrunk / (hessian + options.L2 + 1e-12) * rate);
                covers[leaves[l].Node] = cover;
            }
        });
        foreach (var leaf in leaves)
            builder.SetLeaf(leaf.Node, values[leaf.Node], covers[leaf.Node]);
        return builder.Build(output);
    }

    private long[] Rent() => _free.TryPop(out var histogram) ? histogram : new long[_histogram.Length];

    private sealed class Leaf
    {
        public required int Node { get; init; }

        public required int Begin { get; init; }

        public required int Count { get; init; }

        public int Depth { get; init; }

        public long Sums { get; set; }

        public long[]? Histogram { get; set; }

        public Split? Best { get; set; }
    }
}

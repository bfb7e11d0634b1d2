using ModelHub.Engine.Binning;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Grows one tree on packed gradients. The smaller child's histogram is summed, the larger one's is what is left of the parent's.
/// With columns drawn per node, only the drawn ones are summed, for each node anew.
/// </summary>
internal sealed class TreeGrower(BinnedMatrix bins, GrowthRules rules, ThreadTeam team, int rowCapacity)
{
    private const int RowsWorthSharing = 1024;
    private const long MostHistogramBytes = 1L << 30;
    private readonly HistogramBuilder _builder = new(bins, team);
    private static readonly SeededRandom NoRandom = new(0);
    private readonly Split[] _best = new Split[2 * team.Size];

    /// <summary>Whether nodes that wait keep their sums. Of very many features each node's are summed anew: slower, but the memory is bounded.</summary>
    internal bool KeepsHistograms { get; set; } =
        bins.FeatureCount * (long)HistogramBuilder.FeatureSlots * sizeof(long) * Math.Max(rules.MaxLeaves, rules.MaxDepth) <= MostHistogramBytes;

    public RowPartition Partition { get; } = new(bins, team, rowCapacity);

    /// <summary>Grows over the first rows of <see cref="Partition"/>.</summary>
    /// <returns>All nodes by id, the root first, children after parents.</returns>
    public List<GrowingNode> Grow(
        PackedGradients gradients, int count, double[]? weights, ulong seed, int tree, CancellationToken cancellation)
    {
        var sum = Sum(gradients, count);
        var weight = TreeBuilder.Cover(Partition.Rows.AsSpan(0, count), weights);
        var smoothing = rules.CategorySmoothing * gradients.Hessian(sum) / Math.Max(weight, 1e-300);
        var finder = new SplitFinder(bins, rules, gradients.GradientUnit, gradients.HessianUnit, smoothing);
        var features = new FeatureDraw(bins.FeatureCount, rules, seed, tree);
        var nodes = new List<GrowingNode>();
        var pending = new PendingNodes(rules);
        var root = new GrowingNode { Id = 0, Begin = 0, Count = count, Depth = 0, Sum = sum };
        nodes.Add(root);
        if (CanSplit(root))
            FindAlone(root, gradients, finder, features);
        pending.Add(root);
        var leaves = 1;
        while ((rules.MaxLeaves == 0 || leaves < rules.MaxLeaves) && pending.TryTake(out var node))
        {
            cancellation.ThrowIfCancellationRequested();
            if (Divide(node, nodes, finder))
            {
                leaves++;
                FindChildren(node, gradients, finder, features);
                pending.Add(node.Left!);
                pending.Add(node.Right!);
            }
            Release(node);
        }
        foreach (var node in nodes)
        {
            Release(node);
            node.Value = finder.Step(node.Sum, node.Low, node.High);
        }
        return nodes;
    }

    private long Sum(PackedGradients gradients, int count)
    {
        var total = 0L;
        team.Blocks(count, 16384, (start, end) =>
        {
            var sum = 0L;
            foreach (var row in Partition.Rows.AsSpan(start, end - start))
                sum += gradients.Values[row];
            Interlocked.Add(ref total, sum);
        });
        return total;
    }

    private bool CanSplit(GrowingNode node)
        => (rules.MaxDepth == 0 || node.Depth < rules.MaxDepth) && node.Count >= 2L * rules.MinRows && (uint)node.Sum > 1;

    private bool Divide(GrowingNode node, List<GrowingNode> nodes, SplitFinder finder)
    {
        var left = Partition.Divide(node.Begin, node.Count, node.Split);
        // Rows are counted exactly only here; hessians that round to nothing could leave a side without rows as well.
        if (left < rules.MinRows || node.Count - left < rules.MinRows)
            return false;
        var leftSum = node.Split.LeftSum;
        var (low, high) = (node.Low, node.High);
        var (leftHigh, rightLow, leftLow, rightHigh) = (high, low, low, high);
        var monotone = rules.Monotone?[node.Split.Feature] ?? 0;
        if (monotone != 0)
        {
            var middle = (finder.Step(leftSum, low, high) + finder.Step(node.Sum - leftSum, low, high)) / 2;
            (leftHigh, rightLow) = monotone > 0 ? (middle, middle) : (high, low);
            (leftLow, rightHigh) = monotone < 0 ? (middle, middle) : (low, high);
        }
        node.Left = new GrowingNode
        {
            Id = nodes.Count, Begin = node.Begin, Count = left, Depth = node.Depth + 1, Sum = leftSum, Low = leftLow, High = leftHigh,
        };
        nodes.Add(node.Left);
        node.Right = new GrowingNode
        {
            Id = nodes.Count, Begin = node.Begin + left, Count = node.Count - left, Depth = node.Depth + 1,
            Sum = node.Sum - leftSum, Low = rightLow, High = rightHigh,
        };
        nodes.Add(node.Right);
        return true;
    }

    /// <summary>The split of the root, or of a node whose parent left no sums.</summary>
    private void FindAlone(GrowingNode node, PackedGradients gradients, SplitFinder finder, FeatureDraw features)
    {
        if (features.PerNode)
        {
            FindDirectly(node, gradients, finder, features);
            return;
        }
        node.Histogram = _builder.Rent();
        var chunks = _builder.Build(Partition.Rows.AsMemory(node.Begin, node.Count), gradients.Values, node.Histogram);
        Scan(node, null, chunks, finder, features);
        if (!KeepsHistograms)
            Release(node);
    }

    private void FindChildren(GrowingNode node, PackedGradients gradients, SplitFinder finder, FeatureDraw features)
    {
        var (small, large) = node.Left!.Count <= node.Right!.Count ? (node.Left, node.Right) : (node.Right, node.Left);
        if (features.PerNode || !KeepsHistograms)
        {
            if (CanSplit(small))
                FindAlone(small, gradients, finder, features);
            if (CanSplit(large))
                FindAlone(large, gradients, finder, features);
            return;
        }
        if (!CanSplit(small) && !CanSplit(large))
            return;
        small.Histogram = _builder.Rent();
        large.Histogram = node.Histogram;
        node.Histogram = null;
        var chunks = _builder.Build(Partition.Rows.AsMemory(small.Begin, small.Count), gradients.Values, small.Histogram);
        Scan(small, large, chunks, finder, features);
    }

    /// <summary>Finishes the sums of a node, and of its sibling, whose histogram still is the parent's; and finds their splits.</summary>
    private unsafe void Scan(GrowingNode node, GrowingNode? sibling, int chunks, SplitFinder finder, FeatureDraw features)
    {
        var active = features.OfLevel(node.Depth);
        var scanNode = CanSplit(node);
        var scanSibling = sibling is not null && CanSplit(sibling);
        var worth = finder.Worth(node);
        var siblingWorth = sibling is null ? 0 : finder.Worth(sibling);
        Array.Fill(_best, Split.None);
        void Feature(int feature, int member)
        {
            _builder.Merge(node.Histogram!, feature, chunks);
            if (sibling is not null)
                HistogramBuilder.Subtract(sibling.Histogram!, node.Histogram!, feature);
            if (!active[feature])
                return;
            if (scanNode)
            {
                fixed (long* sums = &node.Histogram![feature * HistogramBuilder.FeatureSlots])
                    finder.Scan(node, feature, sums, worth, NoRandom, ref _best[2 * member]);
            }
            if (scanSibling)
            {
                fixed (long* sums = &sibling!.Histogram![feature * HistogramBuilder.FeatureSlots])
                    finder.Scan(sibling, feature, sums, siblingWorth, NoRandom, ref _best[2 * member + 1]);
            }
        }
        Shared(bins.FeatureCount >= 8, bins.FeatureCount, Feature);
        for (var member = 0; member < team.Size; member++)
        {
            if (_best[2 * member].IsBetterThan(node.Split))
                node.Split = _best[2 * member];
            if (sibling is not null && _best[2 * member + 1].IsBetterThan(sibling.Split))
                sibling.Split = _best[2 * member + 1];
        }
    }

    private void FindDirectly(GrowingNode node, PackedGradients gradients, SplitFinder finder, FeatureDraw features)
    {
        var drawn = features.OfNode(node);
        FindAmong(drawn, node, gradients, finder, features);
        if (node.Split.Feature < 0)
            FindAmong(features.Rest(node, drawn), node, gradients, finder, features);
    }

    private unsafe void FindAmong(int[] drawn, GrowingNode node, PackedGradients gradients, SplitFinder finder, FeatureDraw features)
    {
        var worth = finder.Worth(node);
        Array.Fill(_best, Split.None);
        void Feature(int i, int member)
        {
            var sums = stackalloc long[HistogramBuilder.FeatureSlots];
            var feature = drawn[i];
            _builder.BuildOne(feature, Partition.Rows.AsSpan(node.Begin, node.Count), gradients.Values, sums);
            var random = features.RandomOf(node, feature);
            finder.Scan(node, feature, sums, worth, random, ref _best[2 * member]);
        }
        Shared(node.Count >= RowsWorthSharing, drawn.Length, Feature);
        for (var member = 0; member < team.Size; member++)
        {
            if (_best[2 * member].IsBetterThan(node.Split))
                node.Split = _best[2 * member];
        }
    }

    private void Shared(bool worthIt, int count, Action<int, int> body)
    {
        if (worthIt)
        {
            team.For(count, body);
            return;
        }
        for (var i = 0; i < count; i++)
            body(i, 0);
    }

    private void Release(GrowingNode node)
    {
        if (node.Histogram is null)
            return;
        _builder.Return(node.Histogram);
        node.Histogram = null;
    }
}

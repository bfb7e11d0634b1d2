using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Grows one tree of a multiclass forest by Gini's impurity: the gain of a split is the sum over sides of (sum of squared class
/// weights / weight), less the node's. Sums are of weights in row order on one thread, so they are the same every time.
/// </summary>
internal sealed class ClassTreeGrower(BinnedMatrix bins, GrowthRules rules, TrainingSet set, int rowCapacity)
{
    private readonly int _classes = set.ClassCount;
    private readonly double[] _sums = new double[256 * set.ClassCount];
    private readonly double[] _left = new double[set.ClassCount];

    // A class's weight counts in one direction for sorting categories: its number is drawn anew for each node.
    private readonly double[] _direction = new double[set.ClassCount];

    public RowPartition Partition { get; } = new(bins, new ThreadTeam(1), rowCapacity);

    /// <summary>Grows over the first rows of <see cref="Partition"/>; leaves carry their class shares.</summary>
    public List<GrowingNode> Grow(int count, ulong seed, int tree, CancellationToken cancellation)
    {
        var features = new FeatureDraw(bins.FeatureCount, rules, seed, tree);
        var nodes = new List<GrowingNode> { new() { Id = 0, Begin = 0, Count = count, Depth = 0 } };
        var pending = new Stack<GrowingNode>(nodes);
        while (pending.TryPop(out var node))
        {
            cancellation.ThrowIfCancellationRequested();
            var totals = Totals(node);
            var weight = totals.Sum();
            node.Shares = Array.ConvertAll(totals, t => weight > 0 ? (float)(t / weight) : 0);
            if (!(rules.MaxDepth == 0 || node.Depth < rules.MaxDepth) || node.Count < 2L * rules.MinRows || totals.Max() >= weight)
                continue;
            var drawn = features.OfNode(node);
            foreach (var feature in drawn)
                Scan(node, feature, totals, weight, features.RandomOf(node, feature));
            if (node.Split.Feature < 0)
            {
                foreach (var feature in features.Rest(node, drawn))
                    Scan(node, feature, totals, weight, features.RandomOf(node, feature));
            }
            if (node.Split.Feature < 0)
                continue;
            var left = Partition.Divide(node.Begin, node.Count, node.Split);
            if (left < rules.MinRows || node.Count - left < rules.MinRows)
                continue;
            node.Left = new GrowingNode { Id = nodes.Count, Begin = node.Begin, Count = left, Depth = node.Depth + 1 };
            nodes.Add(node.Left);
            node.Right = new GrowingNode { Id = nodes.Count, Begin = node.Begin + left, Count = node.Count - left, Depth = node.Depth + 1 };
            nodes.Add(node.Right);
            pending.Push(node.Left);
            pending.Push(node.Right);
        }
        return nodes;
    }

    private double[] Totals(GrowingNode node)
    {
        var totals = new double[_classes];
        foreach (var row in Partition.Rows.AsSpan(node.Begin, node.Count))
            totals[(int)set.Labels[row]] += set.Weights is null ? 1 : set.Weights[row];
        return totals;
    }

    private void Scan(GrowingNode node, int feature, double[] totals, double weight, SeededRandom random)
    {
        var used = new BinSet();
        Array.Clear(_sums);
        foreach (var row in Partition.Rows.AsSpan(node.Begin, node.Count))
        {
            var bin = bins.Bin(row, feature);
            used.Add(bin);
            _sums[bin * _classes + (int)set.Labels[row]] += set.Weights is null ? 1 : set.Weights[row];
        }
        var categorical = bins.Mappers[feature].IsCategorical;
        var order = new List<int>();
        for (var b = 0; b < 256; b++)
        {
            if (used.Contains(b) && (b != BinMapper.Missing || categorical))
                order.Add(b);
        }
        var missing = !categorical && used.Contains(BinMapper.Missing);
        if (order.Count + (missing ? 1 : 0) < 2)
            return;
        if (categorical)
            SortCategories(order, random);
        var last = missing ? order.Count : order.Count - 1;
        var only = rules.RandomCuts ? random.Below(last) : -1;
        for (var direction = 0; direction < (missing ? 2 : 1); direction++)
        {
            Array.Clear(_left);
            if (direction == 1)
                Add(BinMapper.Missing);
            for (var i = 0; i < last; i++)
            {
                Add(order[i]);
                if (only >= 0 && i != only || direction == 1 && i == order.Count - 1)
                    continue;
                var split = new Split { Feature = feature, Gain = Gain(totals, weight, out var leftWeight), Bin = categorical ? -1 : order[i] };
                if (!(split.Gain > rules.MinSplitGain && split.Gain > 1e-10 * weight) || !split.IsBetterThan(node.Split))
                    continue;
                var leftLarger = leftWeight > weight / 2;
                for (var j = 0; j < 255 && !categorical; j++)
                {
                    if (j <= order[i])
                        split.Left.Add(j);
                }
                for (var j = 0; j < order.Count && categorical; j++)
                {
                    // The right is the larger side, where categories go that the node has not seen.
                    if (j <= i != leftLarger)
                        split.Left.Add(order[j]);
                }
                if (!categorical && (missing ? direction == 1 : leftLarger))
                    split.Left.Add(BinMapper.Missing);
                node.Split = split;
            }
        }
    }

    /// <summary>Along a drawn direction in the space of class shares: sorting is optimal for two classes, and a good set for more.</summary>
    private void SortCategories(List<int> order, SeededRandom random)
    {
        for (var k = 0; k < _classes; k++)
            _direction[k] = random.NextDouble();
        var keys = new double[256];
        foreach (var bin in order)
        {
            double sum = 0, all = 0;
            for (var k = 0; k < _classes; k++)
            {
                sum += _sums[bin * _classes + k] * _direction[k];
                all += _sums[bin * _classes + k];
            }
            keys[bin] = rules.RandomCuts ? random.NextDouble() : sum / Math.Max(all, 1e-300);
        }
        order.Sort((a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
    }

    private void Add(int bin)
    {
        for (var k = 0; k < _classes; k++)
            _left[k] += _sums[bin * _classes + k];
    }

    private double Gain(double[] totals, double weight, out double leftWeight)
    {
        double left = 0, right = 0, node = 0;
        leftWeight = 0;
        for (var k = 0; k < _classes; k++)
        {
            left += _left[k] * _left[k];
            right += (totals[k] - _left[k]) * (totals[k] - _left[k]);
            node += totals[k] * totals[k];
            leftWeight += _left[k];
        }
        var rightWeight = weight - leftWeight;
        return leftWeight > 0 && rightWeight > 0 ? left / leftWeight + right / rightWeight - node / weight : double.NegativeInfinity;
    }
}

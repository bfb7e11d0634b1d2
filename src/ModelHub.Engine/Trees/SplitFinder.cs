using System.Runtime.CompilerServices;
using ModelHub.Engine.Binning;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// The best split of a node by one feature's histogram: second-order gains (Chen and Guestrin 2016) with L1, L2, bounds from
/// monotone constraints, both directions for missing values, and category sets sorted by gradient (Fisher 1958).
/// </summary>
/// <param name="smoothing">Hessian that is added where categories are sorted, and to L2 where a set of them is split off.</param>
internal sealed class SplitFinder(BinnedMatrix bins, GrowthRules rules, double gradientUnit, double hessianUnit, double smoothing)
{
    private const int OneHotLimit = 4;
    private readonly bool _bounded = rules.Monotone is not null || rules.LargestStep < double.PositiveInfinity;

    /// <summary>Newton's step for sums, within a node's bounds.</summary>
    public double Step(long sum, double low, double high)
    {
        var (g, h) = Unpack(sum);
        return Step(g, h, rules.L2, low, high);
    }

    /// <summary>What a node without a split is worth: minus twice its loss.</summary>
    public double Worth(GrowingNode node)
    {
        var (g, h) = Unpack(node.Sum);
        return Worth(g, h, rules.L2, node.Low, node.High);
    }

    /// <summary>Looks for a better split than the best so far.</summary>
    /// <param name="histogram">256 packed sums by bin.</param>
    /// <param name="worth"><see cref="Worth(GrowingNode)"/> of the node.</param>
    public unsafe void Scan(GrowingNode node, int feature, long* histogram, double worth, SeededRandom random, ref Split best)
    {
        var mapper = bins.Mappers[feature];
        var found = mapper.IsCategorical
            ? ScanCategories(node, feature, histogram, mapper.BinCount, worth, random)
            : ScanNumber(node, feature, histogram, mapper.BinCount, worth, random);
        if (found.IsBetterThan(best))
            best = found;
    }

    private unsafe Split ScanNumber(
        GrowingNode node, int feature, long* histogram, int binCount, double worth, SeededRandom random)
    {
        var missing = histogram[BinMapper.Missing];
        var first = 0;
        var last = binCount - 1;
        while (first < binCount && histogram[first] == 0)
            first++;
        while (last > first && histogram[last] == 0)
            last--;
        if (first >= binCount)
            return Split.None;
        if (rules.RandomCuts)
        {
            if (first == last && missing == 0)
                return Split.None;
            // A node whose values are all one can still be divided by being missing: the cut is then after the last bin.
            var cut = first == last ? last : first + random.Below(last - first);
            first = last = cut;
            for (var b = cut - 1; b >= 0; b--)
                first = histogram[b] != 0 ? b : first;
        }
        else if (missing == 0)
        {
            last--;
        }
        var limits = new Limits(this, node, rules);
        var bestGain = double.NegativeInfinity;
        var bestBin = -1;
        var bestLeft = 0L;
        var missingLeft = false;
        for (var direction = 0; direction < (missing == 0 ? 1 : 2); direction++)
        {
            var left = direction == 0 ? 0 : missing;
            for (var b = first; b <= last; b++)
            {
                var cell = histogram[b];
                left += cell;
                if (cell == 0 && b != last || rules.RandomCuts && b != last || left == node.Sum)
                    continue;
                var gain = Gain(node, feature, left, limits, rules.L2, worth);
                if (gain <= bestGain)
                    continue;
                (bestGain, bestBin, bestLeft, missingLeft) = (gain, b, left, direction == 1);
            }
        }
        if (!IsWorthwhile(bestGain, worth))
            return Split.None;
        var split = new Split { Feature = feature, Gain = bestGain, Bin = bestBin, LeftSum = bestLeft };
        // Without missing rows to learn from, a missing value goes the way most rows go.
        if (missing == 0)
            missingLeft = (uint)bestLeft > (uint)(node.Sum - bestLeft);
        for (var b = 0; b <= bestBin; b++)
            split.Left.Add(b);
        if (missingLeft)
            split.Left.Add(BinMapper.Missing);
        return split;
    }

    private unsafe Split ScanCategories(
        GrowingNode node, int feature, long* histogram, int binCount, double worth, SeededRandom random)
    {
        Span<int> items = stackalloc int[256];
        Span<double> keys = stackalloc double[256];
        var (g, h) = Unpack(node.Sum);
        var count = 0;
        var seen = 0;
        for (var i = 0; i <= binCount; i++)
            seen += histogram[i == binCount ? BinMapper.Missing : i] != 0 ? 1 : 0;
        // Of many categories, those with hardly a row stay on the right: what they did here says nothing about their next rows.
        var least = seen <= OneHotLimit || !rules.RareCategoriesStayRight ? 0 : smoothing / hessianUnit;
        for (var i = 0; i <= binCount; i++)
        {
            var bin = i == binCount ? BinMapper.Missing : i;
            if (histogram[bin] == 0 || (uint)histogram[bin] < least)
                continue;
            var (binG, binH) = Unpack(histogram[bin]);
            items[count] = bin;
            keys[count++] = rules.RandomCuts ? random.NextDouble() : (binG - g / h * binH) / (binH + smoothing + 1e-300);
        }
        if (count < 2)
            return Split.None;
        items = items[..count];
        var oneHot = count <= OneHotLimit && !rules.RandomCuts;
        if (!oneHot)
            keys[..count].Sort(items);
        var limits = new Limits(this, node, rules);
        var l2 = oneHot ? rules.L2 : rules.L2 + smoothing;
        var bestGain = double.NegativeInfinity;
        var bestCount = 0;
        var bestLeft = 0L;
        var left = 0L;
        var only = rules.RandomCuts ? random.Below(count - 1) : -1;
        for (var i = 0; i < (oneHot ? count : count - 1); i++)
        {
            left = oneHot ? histogram[items[i]] : left + histogram[items[i]];
            if (only >= 0 && i != only)
                continue;
            var gain = Gain(node, feature, left, limits, l2, worth);
            if (gain > bestGain)
                (bestGain, bestCount, bestLeft) = (gain, i + 1, left);
        }
        if (!IsWorthwhile(bestGain, worth))
            return Split.None;
        // Categories that this node has not seen go to the right: the right is the larger side.
        var swap = (uint)bestLeft > (uint)(node.Sum - bestLeft);
        var split = new Split { Feature = feature, Gain = bestGain, Bin = -1, LeftSum = swap ? node.Sum - bestLeft : bestLeft };
        for (var i = 0; i < count; i++)
        {
            if ((oneHot ? i == bestCount - 1 : i < bestCount) != swap)
                split.Left.Add(items[i]);
        }
        return split;
    }

    /// <summary>Called per bin: without a loop of its own it would stay compiled badly for a hub's first searches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double Gain(GrowingNode node, int feature, long left, in Limits limits, double l2, double worth)
    {
        var right = node.Sum - left;
        uint leftH = (uint)left, rightH = (uint)right;
        if (leftH < limits.LeastHessian || rightH < limits.LeastHessian || leftH == 0 || rightH == 0)
            return double.NegativeInfinity;
        var (lg, lh) = Unpack(left);
        var (rg, rh) = Unpack(right);
        if (!_bounded)
        {
            if (rules.L1 > 0)
                (lg, rg) = (Soft(lg), Soft(rg));
            return lg * lg / (lh + l2) + rg * rg / (rh + l2) - worth;
        }
        var monotone = rules.Monotone?[feature] ?? 0;
        if (monotone != 0)
        {
            var difference = Step(rg, rh, l2, node.Low, node.High) - Step(lg, lh, l2, node.Low, node.High);
            if (difference * monotone < 0)
                return double.NegativeInfinity;
        }
        return Worth(lg, lh, l2, node.Low, node.High) + Worth(rg, rh, l2, node.Low, node.High) - worth;
    }

    private bool IsWorthwhile(double gain, double worth) => gain > rules.MinSplitGain && gain > 1e-10 * Math.Abs(worth);

    private double Step(double g, double h, double l2, double low, double high)
    {
        var step = h + l2 > 0 ? -Soft(g) / (h + l2) : 0;
        return Math.Clamp(Math.Clamp(step, -rules.LargestStep, rules.LargestStep), low, high);
    }

    private double Worth(double g, double h, double l2, double low, double high)
    {
        if (!_bounded)
            return h + l2 > 0 ? Soft(g) * Soft(g) / (h + l2) : 0;
        var step = Step(g, h, l2, low, high);
        return -(2 * g * step + (h + l2) * step * step + 2 * rules.L1 * Math.Abs(step));
    }

    private double Soft(double g) => rules.L1 == 0 ? g : g > rules.L1 ? g - rules.L1 : g < -rules.L1 ? g + rules.L1 : 0;

    private (double G, double H) Unpack(long packed) => ((packed >> 32) * gradientUnit, (uint)packed * hessianUnit);

    /// <summary>The least whole hessian of a child: from min_child_weight and, by the node's mean hessian, from min_rows.</summary>
    private readonly struct Limits(SplitFinder finder, GrowingNode node, GrowthRules rules)
    {
        public readonly double LeastHessian = Math.Max(
            rules.MinChildWeight * (1 - 1e-9) / finder.HessianUnit,
            rules.MinRows <= 1 ? 0 : rules.MinRows * (1 - 1e-9) * (uint)node.Sum / node.Count);
    }

    private double HessianUnit => hessianUnit;
}

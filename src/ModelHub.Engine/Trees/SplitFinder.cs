using ModelHub.Engine.Binning;

namespace ModelHub.Engine.Trees;

/// <summary>A way to part the rows of a leaf.</summary>
internal sealed class Split
{
    public required int Feature { get; init; }

    public required double Gain { get; init; }

    /// <summary>Per bin of the feature, the one for missing values included, whether it goes to the left.</summary>
    public required bool[] Left { get; init; }

    /// <summary>Last bin of a numeric split that goes to the left.</summary>
    public required int Bin { get; init; }

    /// <summary>Sums of the left child.</summary>
    public required long Sums { get; init; }
}

/// <summary>Finds the best split of a leaf from its histogram: thresholds of numbers, gradient-sorted sets of categories (Fisher 1958).</summary>
/// <param name="gradientUnit">Gradient of one quantum.</param>
/// <param name="hessianUnit">Hessian of one quantum.</param>
internal sealed class SplitFinder(BinnedMatrix bins, BoostingOptions options, double gradientUnit, double hessianUnit)
{
    private const int FewCategories = 4;
    private const int LongestPrefix = 64;

    public Split? Best(long[] histogram, long total, int rows, bool[]? usable)
    {
        Split? best = null;
        var least = Math.Max(options.MinSplitGain, 1e-9 * Math.Abs(Score(total, options.L2)));
        for (var f = 0; f < bins.FeatureCount; f++)
        {
            if (usable is not null && !usable[f])
                continue;
            var span = histogram.AsSpan(bins.Offsets[f], bins.Offsets[f + 1] - bins.Offsets[f]);
            var found = bins.Mappers[f].IsCategorical ? OfCategory(span, f, total, rows, least) : OfNumber(span, f, total, rows, least);
            if (found is not null)
            {
                best = found;
                least = found.Gain;
            }
        }
        return best;
    }

    /// <summary>Twice the loss reduction of giving the sums their best value, with L1 and L2 (Chen and Guestrin 2016, eq. 6).</summary>
    private double Score(long sums, double l2)
    {
        var gradient = Math.Max(0, Math.Abs(Histogram.Gradient(sums) * gradientUnit) - options.L1);
        return gradient * gradient / (Histogram.Hessian(sums) * hessianUnit + l2);
    }

    private bool Allowed(long sums, double rowsPerHessian) =>
        Histogram.Hessian(sums) * hessianUnit >= options.MinChildWeight && Histogram.Hessian(sums) * rowsPerHessian >= options.MinRows - 0.5;

    private Split? OfNumber(ReadOnlySpan<long> histogram, int feature, long total, int rows, double least)
    {
        var values = histogram.Length - 1;
        var missing = histogram[values];
        var rowsPerHessian = rows / Histogram.Hessian(total);
        var whole = Score(total, options.L2);
        var bestBin = -1;
        var bestMissingLeft = false;
        long left = 0, bestLeft = 0;
        // The last bin is a threshold too when something is missing: it parts what is there from what is not.
        for (var b = 0; b < (missing == 0 ? values - 1 : values); b++)
        {
            left += histogram[b];
            for (var side = 0; side < (missing == 0 || b == values - 1 ? 1 : 2); side++)
            {
                var sums = side == 0 ? left : left + missing;
                if (!Allowed(sums, rowsPerHessian) || !Allowed(total - sums, rowsPerHessian))
                    continue;
                var gain = Score(sums, options.L2) + Score(total - sums, options.L2) - whole;
                if (gain > least)
                {
                    (least, bestBin, bestMissingLeft, bestLeft) = (gain, b, side == 1, sums);
                }
            }
        }
        if (bestBin < 0)
            return null;
        if (missing == 0)
            bestMissingLeft = Histogram.Hessian(bestLeft) >= Histogram.Hessian(total - bestLeft); // never seen here: with the many
        var goes = new bool[histogram.Length];
        goes.AsSpan(0, bestBin + 1).Fill(true);
        goes[values] = bestMissingLeft;
        return new Split { Feature = feature, Gain = least, Left = goes, Bin = bestBin, Sums = bestLeft };
    }

    private Split? OfCategory(ReadOnlySpan<long> histogram, int feature, long total, int rows, double least)
    {
        Span<int> order = stackalloc int[256];
        Span<double> keys = stackalloc double[256];
        var count = 0;
        for (var b = 0; b < histogram.Length; b++)
        {
            if (histogram[b] == 0)
                continue;
            order[count] = b;
            keys[count++] = Histogram.Gradient(histogram[b]) * gradientUnit / (Histogram.Hessian(histogram[b]) * hessianUnit + options.CategorySmoothing);
        }
        if (count < 2)
            return null;
        order = order[..count];
        keys[..count].Sort(order);
        var l2 = options.L2 + (count > FewCategories ? options.CategorySmoothing : 0);
        var whole = Score(total, options.L2);
        var rowsPerHessian = rows / Histogram.Hessian(total);
        var bestLength = 0;
        long left = 0, bestLeft = 0;
        for (var i = 0; i < count - 1; i++)
        {
            left += histogram[order[i]];
            if (i >= LongestPrefix && i < count - 1 - LongestPrefix)
                continue;
            if (!Allowed(left, rowsPerHessian) || !Allowed(total - left, rowsPerHessian))
                continue;
            var gain = Score(left, l2) + Score(total - left, l2) - whole;
            if (gain > least)
                (least, bestLength, bestLeft) = (gain, i + 1, left);
        }
        if (bestLength == 0)
            return null;
        var goes = new bool[histogram.Length];
        foreach (var bin in order[..bestLength])
            goes[bin] = true;
        if (histogram[^1] == 0)
            goes[^1] = Histogram.Hessian(bestLeft) >= Histogram.Hessian(total - bestLeft);
        return new Split { Feature = feature, Gain = least, Left = goes, Bin = -1, Sums = bestLeft };
    }
}

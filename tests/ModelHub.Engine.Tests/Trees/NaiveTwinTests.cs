using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Trees;

/// <summary>What is fast in training beside the plainest code that does the same.</summary>
public sealed class NaiveTwinTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 7, 2)]
    [InlineData(16, 2047, 2)]
    [InlineData(17, 2048, 3)]
    [InlineData(28, 5000, 1)]
    [InlineData(28, 5003, 2)]
    [InlineData(33, 9001, 4)]
    public void Histograms_are_sums_by_bin(int features, int rows, int threads)
    {
        using var team = new ThreadTeam(threads);
        var bins = Bins(features, rows, team);
        var random = new SeededRandom(2);
        long[] gradients = [.. Enumerable.Range(0, rows).Select(_ => ((long)random.Below(2000) - 1000 << 32) + random.Below(1000))];
        int[] some = [.. Enumerable.Range(0, rows).Where(_ => random.Below(3) > 0)];
        var builder = new HistogramBuilder(bins, team);
        foreach (var chosen in new[] { Enumerable.Range(0, rows).ToArray(), some, [] })
        {
            var histogram = builder.Rent();
            var parts = builder.Build(chosen, gradients, histogram);
            for (var f = 0; f < features; f++)
            {
                builder.Merge(histogram, f, parts);
                var naive = new long[HistogramBuilder.FeatureSlots];
                foreach (var row in chosen)
                    naive[bins.Mappers[f].Bin(Cell(row, f))] += gradients[row];
                Assert.Equal(naive, histogram[(f * HistogramBuilder.FeatureSlots)..((f + 1) * HistogramBuilder.FeatureSlots)]);
                Assert.Equal(naive, One(builder, f, chosen, gradients));
            }
            builder.Return(histogram);
        }
    }

    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(7, 2, true)]
    [InlineData(16384, 2, true)]
    [InlineData(16385, 2, false)]
    [InlineData(40_001, 3, true)]
    public void A_division_keeps_the_order_on_both_sides(int rows, int threads, bool byColumn)
    {
        using var team = new ThreadTeam(threads);
        var bins = Bins(3, rows + 5, team, byColumn ? long.MaxValue : 0);
        var partition = new RowPartition(bins, team, rows + 5);
        var random = new SeededRandom(3);
        foreach (var share in new[] { 0, 1, 5, 10 })
        {
            var split = new Split { Feature = 1 };
            for (var b = 0; b < 256; b++)
            {
                if (random.Below(10) < share)
                    split.Left.Add(b);
            }
            for (var i = 0; i < partition.Rows.Length; i++)
                partition.Rows[i] = i;
            int[] range = [.. partition.Rows.AsSpan(3, rows)];
            bool Left(int row) => split.Left.Contains(bins.Mappers[1].Bin(Cell(row, 1)));
            var left = partition.Divide(3, rows, split);
            Assert.Equal(range.Count(Left), left);
            int[] expected = [0, 1, 2, .. range.Where(Left), .. range.Where(r => !Left(r)), rows + 3, rows + 4];
            Assert.Equal(expected, partition.Rows);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_best_cut_is_the_best_of_all_cuts(int missing)
    {
        using var team = new ThreadTeam(1);
        var bins = Bins(1, 4000, team);
        var rules = new GrowthRules { L2 = 1, MinChildWeight = 30 };
        for (var round = 0; round < 50; round++)
        {
            var histogram = Histogram(bins.Mappers[0].BinCount, round, missing * 500);
            var node = new GrowingNode { Id = 0, Begin = 0, Count = 1000, Depth = 0, Sum = histogram.Sum() };
            var best = double.NegativeInfinity;
            for (var direction = 0; direction <= missing; direction++)
            {
                var left = direction == 1 ? histogram[BinMapper.Missing] : 0;
                for (var b = 0; b < bins.Mappers[0].BinCount; b++)
                {
                    left += histogram[b];
                    if ((uint)left >= 30 && (uint)(node.Sum - left) >= 30)
                        best = Math.Max(best, Worth(left, 1) + Worth(node.Sum - left, 1) - Worth(node.Sum, 1));
                }
            }
            var found = Find(new SplitFinder(bins, rules, 1, 1, 0), node, histogram);
            Assert.Equal(best, found.Gain, 1e-9 * best);
            Assert.Equal(Enumerable.Range(0, 256).Where(found.Left.Contains).Sum(b => histogram[b]), found.LeftSum);
        }
    }

    [Fact]
    public void The_best_set_of_categories_is_the_best_of_all_sets()
    {
        using var team = new ThreadTeam(1);
        var codes = Enumerable.Range(0, 64).Select(r => (float)(r % 8)).ToArray();
        var bins = BinnedMatrix.Build(new FeatureMatrix([new Feature("c", "c", 8)], [codes], 64), 255, team);
        for (var round = 0; round < 50; round++)
        {
            var histogram = Histogram(8, round, 0);
            var node = new GrowingNode { Id = 0, Begin = 0, Count = 1000, Depth = 0, Sum = histogram.Sum() };
            var best = double.NegativeInfinity;
            for (var set = 1; set < 255; set++)
            {
                var left = Enumerable.Range(0, 8).Where(c => (set >> c & 1) != 0).Sum(c => histogram[c]);
                best = Math.Max(best, Worth(left, 0) + Worth(node.Sum - left, 0) - Worth(node.Sum, 0));
            }
            var found = Find(new SplitFinder(bins, new GrowthRules(), 1, 1, 0), node, histogram);
            Assert.Equal(best, found.Gain, 1e-9 * best);
            Assert.Equal(Enumerable.Range(0, 256).Where(found.Left.Contains).Sum(b => histogram[b]), found.LeftSum);
        }
    }

    [Fact]
    public void Sums_that_are_made_anew_grow_the_same_tree()
    {
        using var team = new ThreadTeam(2);
        var bins = Bins(5, 6000, team);
        var random = new SeededRandom(4);
        float[] gradients = [.. Enumerable.Range(0, 6000).Select(r => (float)(Cell(r, 1) > 300 ? 1 : -1) + (float)random.NextDouble())];
        float[] hessians = [.. Enumerable.Repeat(1f, 6000)];
        var packed = new PackedGradients(6000);
        packed.Quantize(gradients, hessians, [.. Enumerable.Range(0, 6000)], 6000, 1, team);
        string Grow(bool keeps)
        {
            var grower = new TreeGrower(bins, new GrowthRules { MaxLeaves = 20, LeafWise = true, L2 = 1, MinRows = 20 }, team, 6000);
            Assert.True(grower.KeepsHistograms);
            grower.KeepsHistograms = keeps;
            for (var r = 0; r < 6000; r++)
                grower.Partition.Rows[r] = r;
            return string.Join(' ', grower.Grow(packed, 6000, null, 1, 0, default).Select(n => $"{n.Split.Feature} {n.Split.Bin} {n.Count} {n.Value:R}"));
        }
        Assert.Equal(Grow(true), Grow(false));
    }

    private static double Worth(long packed, double l2) => (double)(packed >> 32) * (packed >> 32) / ((uint)packed + l2);

    private static unsafe Split Find(SplitFinder finder, GrowingNode node, long[] histogram)
    {
        var best = Split.None;
        fixed (long* sums = histogram)
            finder.Scan(node, 0, sums, finder.Worth(node), new SeededRandom(0), ref best);
        return best;
    }

    private static unsafe long[] One(HistogramBuilder builder, int feature, int[] rows, long[] gradients)
    {
        var sums = new long[HistogramBuilder.FeatureSlots];
        fixed (long* slots = sums)
            builder.BuildOne(feature, rows, gradients, slots);
        return sums;
    }

    private static long[] Histogram(int bins, int seed, int missing)
    {
        var random = new SeededRandom((ulong)seed);
        var histogram = new long[HistogramBuilder.FeatureSlots];
        for (var b = 0; b < bins; b++)
        {
            if (bins <= 8 || random.Below(4) > 0)
                histogram[b] = ((long)random.Below(400) - 200 << 32) + random.Below(50) + 1;
        }
        histogram[BinMapper.Missing] = missing == 0 ? 0 : ((long)random.Below(missing) - missing / 2 << 32) + 40;
        return histogram;
    }

    private static float Cell(int row, int feature)
        => (row * 31 + feature * 7) % 23 == 0 ? float.NaN : row * (feature + 3) % 997 == 5 ? float.PositiveInfinity : row * (feature + 3) % 997;

    private static BinnedMatrix Bins(int features, int rows, ThreadTeam team, long mostBytesTwice = long.MaxValue)
    {
        var columns = Enumerable.Range(0, features).Select(f => Enumerable.Range(0, rows).Select(r => Cell(r, f)).ToArray()).ToArray();
        return BinnedMatrix.Build(
            new FeatureMatrix([.. Enumerable.Range(0, features).Select(f => new Feature($"f{f}", $"f{f}", 0))], columns, rows), 255, team, mostBytesTwice);
    }
}

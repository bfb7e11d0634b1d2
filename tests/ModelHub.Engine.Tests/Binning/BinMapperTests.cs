using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Tests.Trees;

namespace ModelHub.Engine.Tests.Binning;

public class BinMapperTests
{
    [Theory]
    [InlineData(3, 10)]
    [InlineData(255, 100)]
    [InlineData(255, 5000)]
    [InlineData(16, 5000)]
    public void A_bin_is_the_first_whose_cut_is_not_below(int maxBins, int count)
    {
        var random = new SeededRandom((ulong)count);
        var values = Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * random.NextDouble() * 10 - 3)).ToArray();
        values[0] = float.PositiveInfinity;
        values[1] = float.NegativeInfinity;
        values[2] = float.NaN;
        values[3] = -0f;
        values[4] = 0f;
        values[5] = float.Epsilon;
        var mapper = BinMapper.OfNumber((float[])values.Clone(), maxBins);
        Assert.InRange(mapper.BinCount, 2, maxBins);
        Assert.Equal(mapper.Cuts.Order(), mapper.Cuts);
        foreach (var value in values.Concat(mapper.Cuts).Append(1e30f))
        {
            var slow = float.IsNaN(value) ? BinMapper.Missing : mapper.Cuts.TakeWhile(cut => cut < value).Count();
            Assert.Equal(slow, mapper.Bin(value));
        }
        Assert.Equal(mapper.Bin(-0f), mapper.Bin(0f));
    }

    [Fact]
    public void Few_values_have_a_bin_each()
    {
        var mapper = BinMapper.OfNumber(new float[] { 3, 1, 2, 2, float.NaN, 1 }, 255);
        Assert.Equal([1.5f, 2.5f], mapper.Cuts);
    }

    [Fact]
    public void Bins_hold_about_equal_shares()
    {
        var random = new SeededRandom(5);
        var values = Enumerable.Range(0, 10_000).Select(_ => (float)random.NextDouble()).ToArray();
        var mapper = BinMapper.OfNumber((float[])values.Clone(), 100);
        Assert.Equal(100, mapper.BinCount);
        Assert.All(values.GroupBy(mapper.Bin), bin => Assert.InRange(bin.Count(), 90, 110));
    }

    [Fact]
    public void Rare_categories_share_the_last_bin()
    {
        float[] codes = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, float.NaN];
        var mapper = BinMapper.OfCategory(codes, 5, 3);
        Assert.Equal([2, 2, 1, 0, 2], mapper.CodeBins);
        Assert.Equal(BinMapper.Missing, mapper.Bin(5));
        Assert.Equal(BinMapper.Missing, mapper.Bin(-1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_matrix_has_the_bin_of_every_cell(int threads)
    {
        var set = Sets.Make(TaskKind.Regression, 5000);
        using var team = new ThreadTeam(threads);
        var bins = BinnedMatrix.Of(set.Features, 64, team);
        Assert.Same(bins, BinnedMatrix.Of(set.Features, 64, team));
        for (var r = 0; r < 5000; r++)
        {
            for (var f = 0; f < 5; f++)
                Assert.Equal(bins.Mappers[f].Bin(set.Features[r, f]), bins.Bin(r, f));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public void More_features_than_a_group_keep_their_places(long mostBytesTwice)
    {
        var features = Enumerable.Range(0, 71).Select(f => new Feature($"f{f}", $"f{f}", 0)).ToArray();
        var columns = Enumerable.Range(0, 71).Select(f => Enumerable.Range(0, 50).Select(r => (float)((r * (f + 3)) % 17)).ToArray()).ToArray();
        using var team = new ThreadTeam(2);
        var bins = BinnedMatrix.Build(new FeatureMatrix(features, columns, 50), 255, team, mostBytesTwice);
        for (var f = 0; f < 71; f++)
        {
            for (var r = 0; r < 50; r++)
                Assert.Equal(bins.Mappers[f].Bin(columns[f][r]), bins.Bin(r, f));
        }
    }
}

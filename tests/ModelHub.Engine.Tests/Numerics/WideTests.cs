using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Tests.Numerics;

public sealed class WideTests
{
    [Fact]
    public void Four_logistics_at_a_time_have_the_bits_of_one()
    {
        double[] odd = [0, -0.0, 1e-320, 36.7, -36.7, 709.9, -709.9, 745.1, -745.1, 745.3, -745.3, 1e6, -1e6, double.PositiveInfinity, double.NegativeInfinity];
        var random = new SeededRandom(1);
        for (var length = 0; length < 70; length++)
        {
            double[] values = [.. Enumerable.Range(0, length).Select(i => random.Below(4) == 0 ? odd[random.Below(odd.Length)] : (random.NextDouble() - 0.5) * Math.Pow(10, random.Below(4)))];
            var expected = values.Select(v => BitConverter.DoubleToInt64Bits(Elementary.Logistic(v))).ToArray();
            Elementary.Logistic(values.AsSpan());
            Assert.Equal(expected, values.Select(BitConverter.DoubleToInt64Bits));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(5000)]
    public void Numbers_are_sorted(int count)
    {
        var random = new SeededRandom(2);
        float[] odd = [0, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity];
        float[] values = [.. Enumerable.Range(0, count).Select(_ => random.Below(5) == 0 ? odd[random.Below(odd.Length)] : (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Below(9) - 4)))];
        float[] expected = [.. values.Order()];
        FloatSort.Sort(values);
        Assert.Equal(expected, values);
    }
}

using ModelHub.Engine.Linear;

namespace ModelHub.Engine.Tests.Linear;

public class LinearModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Many_rows_are_scored_as_each_by_itself(int outputs)
    {
        var random = new Random(outputs);
        int[] cardinality = [0, 5, 0, 0, 1, 0, 0];
        var offset = new int[cardinality.Length];
        for (var f = 1; f < offset.Length; f++)
            offset[f] = offset[f - 1] + (cardinality[f - 1] == 0 ? 1 : cardinality[f - 1] + 1);
        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 20 - 10)];
        var model = new LinearModel
        {
            Offset = offset, Cardinality = cardinality, Mean = Numbers(7), Scale = [.. Numbers(7).Select(s => s * s + 0.01)],
            Weights = [.. Enumerable.Range(0, outputs).Select(_ => Numbers(offset[^1] + 1))], Intercept = Numbers(outputs), Link = Link.Identity,
        };
        foreach (var count in new[] { 0, 1, 3, 4, 5, 64, 65, 190 })
        {
            var rows = new float[count * 7];
            for (var i = 0; i < rows.Length; i++)
                rows[i] = random.Next(9) switch { 0 => float.NaN, 1 => float.MaxValue, 2 => -0f, 3 => 1, _ => (float)(random.NextDouble() * 12 - 6) };
            var (all, one) = (new double[count * outputs], new double[outputs]);
            model.ScoreRows(rows, all);
            for (var r = 0; r < count; r++)
            {
                model.Score(rows.AsSpan(r * 7, 7), one);
                Assert.Equal(one.Select(BitConverter.DoubleToInt64Bits), all[(r * outputs)..((r + 1) * outputs)].Select(BitConverter.DoubleToInt64Bits));
            }
        }
    }
}

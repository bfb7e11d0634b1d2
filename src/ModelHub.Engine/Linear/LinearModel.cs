using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelHub.Engine.Linear;

/// <summary>
/// score[o] = Intercept[o] + sum of Weights[o] × feature, over the features of a matrix. A number is first imputed (NaN → Mean) and
/// standardised ((x − Mean) / Scale); a category has one weight per code, and one more, the last, for a missing one.
/// </summary>
public sealed class LinearModel : IModel
{
    /// <summary>Rows whose sums grow together, feature by feature.</summary>
    private const int Tile = 64;

    /// <summary>Per feature: where its weights start within one output's weights. A number has 1 weight, a category Cardinality + 1.</summary>
    public required int[] Offset { get; init; }

    /// <summary>Per feature: 0 for a number, else the category's cardinality.</summary>
    public required int[] Cardinality { get; init; }

    /// <summary>Per feature: mean of a number over the training rows (0 for categories).</summary>
    public required double[] Mean { get; init; }

    /// <summary>Per feature: standard deviation of a number over the training rows, never 0 (1 for categories).</summary>
    public required double[] Scale { get; init; }

    /// <summary>Per output its weights.</summary>
    public required double[][] Weights { get; init; }

    public required double[] Intercept { get; init; }

    public required Link Link { get; init; }

    public int FeatureCount => Offset.Length;

    public int OutputCount => Intercept.Length;

    /// <summary>The terms of <see cref="Term"/> in the order of the features, without a call for each.</summary>
    public void Score(ReadOnlySpan<float> row, Span<double> scores)
    {
        var (offset, cardinality, mean, scale) = (Offset, Cardinality, Mean, Scale);
        for (var o = 0; o < Intercept.Length; o++)
        {
            var (sum, weights) = (Intercept[o], Weights[o]);
            for (var f = 0; f < offset.Length; f++)
            {
                var value = row[f];
                sum += cardinality[f] > 0 ? Term(o, f, value) : float.IsNaN(value) ? 0 : weights[offset[f]] * ((value - mean[f]) / scale[f]);
            }
            scores[o] = sum;
        }
    }

    /// <summary>Many rows at a time, of each the sum of <see cref="Score(ReadOnlySpan{float}, Span{double})"/> in its order, so that it is the same to the last bit.</summary>
    public void ScoreRows(ReadOnlySpan<float> rows, Span<double> scores)
    {
        var (features, outputs, count) = (FeatureCount, OutputCount, FeatureCount == 0 ? 0 : rows.Length / FeatureCount);
        var sums = ArrayPool<double>.Shared.Rent(outputs * Tile);
        for (var start = 0; start < count; start += Tile)
        {
            var end = Math.Min(start + Tile, count);
            ScoreTile(rows[(start * features)..(end * features)], sums);
            for (var r = start; r < end; r++)
            {
                for (var o = 0; o < outputs; o++)
                    scores[r * outputs + o] = sums[o * Tile + r - start];
            }
        }
        ArrayPool<double>.Shared.Return(sums);
    }

    /// <param name="sums">Per output those of at most <see cref="Tile"/> rows.</param>
    private void ScoreTile(ReadOnlySpan<float> rows, Span<double> sums)
    {
        var (features, outputs, count) = (FeatureCount, OutputCount, rows.Length / FeatureCount);
        var values = (stackalloc double[Tile])[..((count + 3) & ~3)];
        for (var o = 0; o < outputs; o++)
            sums.Slice(o * Tile, values.Length).Fill(Intercept[o]);
        for (var f = 0; f < features; f++)
        {
            if (Cardinality[f] > 0)
            {
                AddCategory(f, rows, sums);
                continue;
            }
            for (var (r, at) = (0, f); r < count; r++, at += features)
                values[r] = rows[at];
            Standardise(values, Mean[f], Scale[f]);
            for (var o = 0; o < outputs; o++)
                AddTerms(values, Weights[o][Offset[f]], sums.Slice(o * Tile, values.Length));
        }
    }

    private void AddCategory(int feature, ReadOnlySpan<float> rows, Span<double> sums)
    {
        for (var o = 0; o < OutputCount; o++)
        {
            for (var (to, at) = (o * Tile, feature); at < rows.Length; to++, at += FeatureCount)
                sums[to] += Term(o, feature, rows[at]);
        }
    }

    private static void Standardise(Span<double> values, double mean, double scale)
    {
        foreach (ref var four in MemoryMarshal.Cast<double, Vector256<double>>(values))
            four = (four - Vector256.Create(mean)) / Vector256.Create(scale);
    }

    /// <summary>Of a missing value it is 0.</summary>
    private static void AddTerms(ReadOnlySpan<double> values, double weight, Span<double> sums)
    {
        var fours = MemoryMarshal.Cast<double, Vector256<double>>(values);
        var to = MemoryMarshal.Cast<double, Vector256<double>>(sums);
        for (var i = 0; i < fours.Length; i++)
            to[i] += Vector256.ConditionalSelect(Vector256.Equals(fours[i], fours[i]), Vector256.Create(weight) * fours[i], Vector256<double>.Zero);
    }

    /// <summary>What one feature adds to one output.</summary>
    public double Term(int output, int feature, float value)
    {
        var weights = Weights[output];
        var cardinality = Cardinality[feature];
        if (cardinality == 0)
            return float.IsNaN(value) ? 0 : weights[Offset[feature]] * ((value - Mean[feature]) / Scale[feature]);
        var code = float.IsNaN(value) || value < 0 || value >= cardinality ? cardinality : (int)value;
        return weights[Offset[feature] + code];
    }
}

using System.Runtime.Intrinsics;

namespace ModelHub.Engine.Linear;

/// <summary>
/// score[o] = Intercept[o] + sum of Weights[o] × feature, over the features of a matrix. A number is first imputed (NaN → Mean) and
/// standardised ((x − Mean) / Scale); a category has one weight per code, and one more, the last, for a missing one.
/// </summary>
public sealed class LinearModel : IModel
{
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

    /// <summary>Four rows at a time, of each the sum of <see cref="Score(ReadOnlySpan{float}, Span{double})"/> in its order, so that it is the same to the last bit.</summary>
    public void ScoreRows(ReadOnlySpan<float> rows, Span<double> scores)
    {
        var count = FeatureCount == 0 ? 0 : rows.Length / FeatureCount;
        var row = 0;
        for (; row + 4 <= count; row += 4)
            ScoreFour(rows.Slice(row * FeatureCount, 4 * FeatureCount), scores.Slice(row * OutputCount, 4 * OutputCount));
        for (; row < count; row++)
            Score(rows.Slice(row * FeatureCount, FeatureCount), scores.Slice(row * OutputCount, OutputCount));
    }

    private void ScoreFour(ReadOnlySpan<float> rows, Span<double> scores)
    {
        var (offset, cardinality, mean, scale) = (Offset, Cardinality, Mean, Scale);
        var first = rows[..offset.Length];
        var second = rows.Slice(offset.Length, offset.Length);
        var third = rows.Slice(2 * offset.Length, offset.Length);
        var fourth = rows.Slice(3 * offset.Length, offset.Length);
        for (var o = 0; o < Intercept.Length; o++)
        {
            var (sum, weights) = (Vector256.Create(Intercept[o]), Weights[o]);
            for (var f = 0; f < offset.Length; f++)
            {
                if (cardinality[f] > 0)
                {
                    sum += Vector256.Create(Term(o, f, first[f]), Term(o, f, second[f]), Term(o, f, third[f]), Term(o, f, fourth[f]));
                    continue;
                }
                var values = Vector256.Create((double)first[f], second[f], third[f], fourth[f]);
                var terms = Vector256.Create(weights[offset[f]]) * ((values - Vector256.Create(mean[f])) / Vector256.Create(scale[f]));
                sum += Vector256.ConditionalSelect(Vector256.Equals(values, values), terms, Vector256<double>.Zero);
            }
            for (var r = 0; r < 4; r++)
                scores[r * Intercept.Length + o] = sum[r];
        }
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

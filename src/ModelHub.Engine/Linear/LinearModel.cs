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

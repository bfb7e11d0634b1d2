using ModelHub.Engine.Data;

namespace ModelHub.Engine.Explanation;

/// <summary>How predictions move when one feature is set to each of some values and the others stay (Friedman 2001).</summary>
/// <param name="Values">The values: quantiles of a number over the rows, codes of a category by frequency.</param>
/// <param name="Means">Per value, per output: the mean over the rows.</param>
/// <param name="Curves">Per row of the first few, per value, per output: individual conditional expectation (Goldstein et al. 2015).</param>
public sealed record PartialDependence(string Feature, float[] Values, double[][] Means, double[][][] Curves)
{
    /// <param name="predict">Predictions of all rows of a matrix, row after row, <paramref name="outputs"/> numbers each.</param>
    /// <param name="most">Values at most, 2 to 1000.</param>
    /// <exception cref="EngineException">No rows, no value that is present, or options out of range.</exception>
    public static PartialDependence Of(
        FeatureMatrix features, int feature, int[] rows, Func<FeatureMatrix, double[]> predict, int outputs, int most = 20, int curves = 0,
        CancellationToken cancellation = default)
    {
        if (feature < 0 || feature >= features.FeatureCount)
            throw new EngineException($"There is no feature {feature}.");
        if (most is < 2 or > 1000 || curves < 0)
            throw new EngineException("Partial dependence takes 2 to 1000 values, and not fewer than 0 curves.");
        var grid = Grid(features, feature, rows, most);
        if (grid.Length == 0)
            throw new EngineException($"Feature '{features.Features[feature].Name}' is missing in all rows.");
        var columns = new float[features.FeatureCount][];
        for (var f = 0; f < columns.Length; f++)
            columns[f] = [.. rows.Select(r => features[r, f])];
        var means = new double[grid.Length][];
        var individual = new double[Math.Min(curves, rows.Length)][][];
        for (var i = 0; i < individual.Length; i++)
            individual[i] = new double[grid.Length][];
        for (var g = 0; g < grid.Length; g++)
        {
            cancellation.ThrowIfCancellationRequested();
            columns[feature] = new float[rows.Length];
            Array.Fill(columns[feature], grid[g]);
            var predictions = predict(new FeatureMatrix(features.Features, columns, rows.Length));
            means[g] = new double[outputs];
            for (var i = 0; i < predictions.Length; i++)
                means[g][i % outputs] += predictions[i] / rows.Length;
            for (var i = 0; i < individual.Length; i++)
                individual[i][g] = predictions[(i * outputs)..((i + 1) * outputs)];
        }
        return new PartialDependence(features.Features[feature].Name, grid, means, individual);
    }

    private static float[] Grid(FeatureMatrix features, int feature, int[] rows, int most)
    {
        var present = rows.Select(r => features[r, feature]).Where(float.IsFinite).Order().ToArray();
        if (features.Features[feature].IsCategorical)
            return [.. present.GroupBy(v => v).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Take(most).Select(g => g.Key)];
        var distinct = present.Distinct().ToArray();
        return distinct.Length <= most ? distinct
            : [.. Enumerable.Range(0, most).Select(k => present[(int)((long)k * (present.Length - 1) / (most - 1))]).Distinct()];
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Explanation;

/// <summary>How much worse a metric gets when a column's values are shuffled among the rows (Breiman 2001; Fisher et al. 2019).</summary>
/// <param name="Variable">An input column; its features are shuffled together.</param>
/// <param name="Mean">Mean loss of quality over the repeats, in units of the metric; above 0 when the column helps.</param>
/// <param name="Deviation">Standard deviation over the repeats.</param>
public sealed record PermutationImportance(string Variable, double Mean, double Deviation)
{
    /// <param name="score">Raw scores of rows of a matrix; called with matrices of as many rows as <paramref name="rows"/>.</param>
    /// <param name="metric">Quality of the scores, in the order of <paramref name="rows"/>.</param>
    /// <param name="greaterIsBetter">False for a loss.</param>
    /// <returns>The most important column first.</returns>
    /// <exception cref="EngineException">Fewer than two rows, or repeats outside 1 to 1000.</exception>
    public static IReadOnlyList<PermutationImportance> Of(
        FeatureMatrix features, int[] rows, Func<FeatureMatrix, double[]> score, Func<double[], double> metric, bool greaterIsBetter, int repeats, ulong seed,
        CancellationToken cancellation = default)
    {
        if (rows.Length < 2)
            throw new EngineException("Permutation importance needs at least two rows.");
        if (repeats is < 1 or > 1000)
            throw new EngineException("repeats must be 1 to 1000.");
        var columns = new float[features.FeatureCount][];
        for (var f = 0; f < columns.Length; f++)
            columns[f] = [.. rows.Select(r => features[r, f])];
        var start = metric(score(new FeatureMatrix(features.Features, columns, rows.Length)));
        var sources = features.Features.Select((f, at) => (f.Source, at)).GroupBy(p => p.Source, p => p.at, StringComparer.Ordinal).ToList();
        var found = new List<PermutationImportance>();
        for (var s = 0; s < sources.Count; s++)
        {
            // Each column has random numbers of its own, so that its result does not depend on which others there are.
            var random = new SeededRandom(SeededRandom.Derive(seed, (ulong)s));
            var losses = new double[repeats];
            for (var k = 0; k < repeats; k++)
            {
                cancellation.ThrowIfCancellationRequested();
                int[] order = [.. Enumerable.Range(0, rows.Length)];
                random.Shuffle<int>(order);
                var shuffled = (float[][])columns.Clone();
                foreach (var f in sources[s])
                    shuffled[f] = [.. order.Select(i => columns[f][i])];
                var value = metric(score(new FeatureMatrix(features.Features, shuffled, rows.Length)));
                losses[k] = greaterIsBetter ? start - value : value - start;
            }
            var mean = losses.Average();
            var deviation = repeats < 2 ? 0 : Math.Sqrt(losses.Sum(l => (l - mean) * (l - mean)) / (repeats - 1));
            found.Add(new PermutationImportance(sources[s].Key, mean, deviation));
        }
        return [.. found.OrderByDescending(p => p.Mean).ThenBy(p => p.Variable, StringComparer.Ordinal)];
    }
}

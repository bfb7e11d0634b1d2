using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>Predictions of a table: rows × (classes or one value).</summary>
internal delegate Task<double[]> Predict(Table rows, CancellationToken cancellation);

/// <summary>
/// Asks a model for its predictions of some rows as they are, and with one column after the other shuffled. Every column is shuffled in
/// the same way, so that what two columns do to a row can be compared.
/// </summary>
internal sealed class ImpactRun(Predict predict, int parallel, Action<double> report)
{
    public const int DefaultRows = 2500;
    private const int MostColumns = 1000;
    private const ulong Seed = 1;

    /// <param name="isFeature">Which columns the model is given.</param>
    /// <param name="targetName">The column with the truth; null for none.</param>
    public async Task<FeatureImpact> RunAsync(
        Table data, Func<string, bool> isFeature, string? targetName, TargetType type, IReadOnlyList<string> classes, int? rowCount, CancellationToken cancellation)
    {
        var sample = Sample(data, rowCount ?? DefaultRows);
        var rows = new Table([.. sample.Columns.Where(c => isFeature(c.Name))], sample.RowCount);
        var order = new int[rows.RowCount];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        new SeededRandom(Seed, 2, 0).Shuffle<int>(order);
        var before = await predict(rows, cancellation);
        var measure = ImpactMeasure.Of(type, classes, targetName is null ? null : sample.Find(targetName), before, rows.RowCount);
        var loss = measure.Loss(before);
        var impacts = new double[rows.Columns.Count];
        var redundancy = new Redundancy(rows, order);
        var done = 0;
        await Parallel.ForAsync(
            0, rows.Columns.Count, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellation },
            async (c, stop) =>
            {
                var shuffled = rows.Columns[c].Take(order);
                var after = await predict(new Table([.. rows.Columns.Select((column, at) => at == c ? shuffled : column)], rows.RowCount), stop);
                impacts[c] = measure.Loss(after) - loss;
                redundancy.Keep(c, r => measure.Move(after, r));
                report((double)Interlocked.Increment(ref done) / (rows.Columns.Count + 1));
            });
        return Rank(rows, impacts, redundancy, rowCount, measure.Name);
    }

    private static FeatureImpact Rank(Table rows, double[] impacts, Redundancy redundancy, int? rowCount, string measure)
    {
        int[] order = [.. Enumerable.Range(0, impacts.Length).OrderByDescending(c => impacts[c]).ThenBy(c => rows.Columns[c].Name, StringComparer.Ordinal)];
        var isDetected = impacts.Length <= MostColumns;
        var doubles = isDetected ? redundancy.Find(order) : [];
        var greatest = impacts.Length == 0 ? 0 : impacts[order[0]];
        return new FeatureImpact(
            rowCount, measure, isDetected,
            [
                .. order.Take(MostColumns).Select(c => new ColumnImpact(
                    rows.Columns[c].Name, impacts[c], greatest > 0 ? impacts[c] / greatest : 0,
                    doubles.TryGetValue(c, out var stronger) ? rows.Columns[stronger].Name : null)),
            ]);
    }

    /// <summary>Some of the rows, drawn at random but always the same, in their own order.</summary>
    private static Table Sample(Table data, int most)
    {
        if (data.RowCount <= most)
            return data;
        var drawn = Enumerable.Range(0, data.RowCount).ToArray();
        new SeededRandom(Seed, 1, 0).Draw(drawn, most);
        var chosen = drawn[..most];
        Array.Sort(chosen);
        return data.Take(chosen);
    }
}

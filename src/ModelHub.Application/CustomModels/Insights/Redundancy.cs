using ModelHub.Engine.Data;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>
/// Columns that say the same: their values go together (rank correlation of numbers, or categories that determine each other), and either the
/// model does not use the weaker one, or shuffling both in the same way moves the predictions alike.
/// </summary>
internal sealed class Redundancy
{
    private const int MostRows = 2000;
    private const double Alike = 0.95;
    private const double MovesAlike = 0.8;
    private const double Nothing = 1e-12;
    private readonly Table _rows;
    private readonly int[] _seen;
    private readonly double[]?[] _moves;

    public Redundancy(Table rows, int[] order)
    {
        _rows = rows;
        _seen = order[..Math.Min(order.Length, MostRows)];
        _moves = new double[rows.Columns.Count][];
    }

    /// <summary>Keeps how the rows' predictions moved when a column was shuffled. Each column once, from any thread.</summary>
    public void Keep(int column, Func<int, double> move)
    {
        double[] moves = [.. _seen.Select(move)];
        _moves[column] = moves.Any(m => Math.Abs(m) > Nothing) ? Ranks(moves) : null;
    }

    /// <summary>The weaker of each such pair, with the strongest column that it repeats.</summary>
    /// <param name="order">Columns, the strongest first.</param>
    public Dictionary<int, int> Find(IReadOnlyList<int> order)
    {
        double[]?[] ranks = [.. _rows.Columns.Select(c => IsNumber(c) ? Ranks([.. _seen.Select(r => Cell.Number(c, r))]) : null)];
        string?[]?[] texts = [.. _rows.Columns.Select(c => IsNumber(c) ? null : (string?[])[.. _seen.Select(r => Cell.Text(c, r))])];
        var found = new Dictionary<int, int>();
        for (var w = 1; w < order.Count; w++)
        {
            for (var s = 0; s < w && !found.ContainsKey(order[w]); s++)
            {
                var (weak, strong) = (order[w], order[s]);
                if (GoTogether(ranks[weak], ranks[strong], texts[weak], texts[strong])
                    && (_moves[weak] is not { } a || _moves[strong] is { } b && Math.Abs(Correlation(a, b)) >= MovesAlike))
                    found[weak] = strong;
            }
        }
        return found;
    }

    private static bool IsNumber(Column column) => column is NumericColumn or SparseColumn;

    private static bool GoTogether(double[]? a, double[]? b, string?[]? c, string?[]? d) =>
        a is not null && b is not null ? Math.Abs(Correlation(a, b)) >= Alike : c is not null && d is not null && Determines(c, d) && Determines(d, c);

    /// <summary>Whether knowing the one tells the other, for nearly all rows.</summary>
    private static bool Determines(string?[] known, string?[] told)
    {
        var groups = Enumerable.Range(0, known.Length).GroupBy(r => known[r] ?? "\0", r => told[r] ?? "\0", StringComparer.Ordinal).ToList();
        var right = groups.Sum(g => g.GroupBy(v => v, StringComparer.Ordinal).Max(v => v.Count()));

        // A text of its own in every row tells everything and means nothing.
        return groups.Count > 1 && groups.Count <= known.Length / 2 && right >= Alike * known.Length;
    }

    /// <summary>Middle ranks: what is equal shares one; missing values come first.</summary>
    private static double[] Ranks(double[] values)
    {
        int[] order = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
        var ranks = new double[values.Length];
        for (var from = 0; from < order.Length;)
        {
            var to = from + 1;
            while (to < order.Length && values[order[to]].Equals(values[order[from]]))
                to++;
            for (var i = from; i < to; i++)
                ranks[order[i]] = (from + to - 1) / 2.0;
            from = to;
        }
        return ranks;
    }

    /// <summary>Pearson's, of ranks Spearman's; 0 when one of them never changes.</summary>
    private static double Correlation(double[] a, double[] b)
    {
        var (meanA, meanB) = (a.Average(), b.Average());
        var (ab, aa, bb) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            ab += (a[i] - meanA) * (b[i] - meanB);
            aa += (a[i] - meanA) * (a[i] - meanA);
            bb += (b[i] - meanB) * (b[i] - meanB);
        }
        return aa <= 0 || bb <= 0 ? 0 : ab / Math.Sqrt(aa * bb);
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Tests.Search;

/// <summary>Small tables to search in.</summary>
internal static class Curves
{
    /// <summary>Two numbers and a category with a curved border and some noise.</summary>
    public static Table Moons(int rows)
    {
        var random = new SeededRandom(5);
        double Draw() => random.NextDouble() * 2 - 1;
        var (a, b) = (new double[rows], new double[rows]);
        var (codes, labels) = (new int[rows], new int[rows]);
        for (var r = 0; r < rows; r++)
        {
            (a[r], b[r], codes[r]) = (Draw(), Draw(), r % 3);
            labels[r] = a[r] * a[r] + b[r] + 0.2 * codes[r] + 0.4 * Draw() > 0.5 ? 1 : 0;
        }
        return new Table(
            [
                new NumericColumn("a", ColumnKind.Numeric, a), new NumericColumn("b", ColumnKind.Numeric, b),
                new CategoryColumn("c", codes, ["x", "y", "z"]), new CategoryColumn("y", labels, ["no", "yes"]),
            ],
            rows);
    }

    /// <summary>A slope, which trees find hard, and steps upon it, which lines cannot follow.</summary>
    public static Table Slope(int rows)
    {
        var random = new SeededRandom(8);
        double Draw() => random.NextDouble() * 2 - 1;
        var (a, b, c, y) = (new double[rows], new double[rows], new double[rows], new double[rows]);
        for (var r = 0; r < rows; r++)
        {
            (a[r], b[r], c[r]) = (Draw(), Draw(), Draw());
            y[r] = 6 * a[r] - 5 * b[r] + 4 * c[r] + (a[r] * b[r] > 0 ? 1.5 : 0) + 0.3 * (Draw() + Draw() + Draw());
        }
        return new Table([.. new[] { ("a", a), ("b", b), ("c", c), ("y", y) }.Select(p => new NumericColumn(p.Item1, ColumnKind.Numeric, p.Item2))], rows);
    }
}

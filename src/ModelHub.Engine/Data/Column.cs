namespace ModelHub.Engine.Data;

/// <summary>What the cells of a column mean.</summary>
public enum ColumnKind
{
    Numeric,
    Integer,
    Boolean,
    Category,
    Date,
    Text,
    Id,
}

/// <summary>One named column of a <see cref="Table"/>. Immutable once built; the arrays are not to be written to.</summary>
public abstract class Column(string name, ColumnKind kind)
{
    public string Name { get; } = name;

    public ColumnKind Kind { get; } = kind;

    public abstract int Length { get; }

    /// <summary>The rows named by <paramref name="rows"/>, in that order.</summary>
    public abstract Column Take(ReadOnlySpan<int> rows);
}

/// <summary>
/// Numbers (<see cref="ColumnKind.Numeric"/>, <see cref="ColumnKind.Integer"/>), truth values as 0 and 1
/// (<see cref="ColumnKind.Boolean"/>) or seconds since 1970-01-01 UTC (<see cref="ColumnKind.Date"/>); NaN is missing.
/// </summary>
public sealed class NumericColumn(string name, ColumnKind kind, double[] values) : Column(name, kind)
{
    public double[] Values { get; } = values;

    public override int Length => Values.Length;

    public override NumericColumn Take(ReadOnlySpan<int> rows)
    {
        var taken = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            taken[i] = Values[rows[i]];
        return new NumericColumn(Name, Kind, taken);
    }
}

/// <summary>Categories: a code per row into <see cref="Levels"/>, -1 is missing.</summary>
public sealed class CategoryColumn(string name, int[] codes, IReadOnlyList<string> levels) : Column(name, ColumnKind.Category)
{
    public int[] Codes { get; } = codes;

    public IReadOnlyList<string> Levels { get; } = levels;

    public override int Length => Codes.Length;

    public override CategoryColumn Take(ReadOnlySpan<int> rows)
    {
        var taken = new int[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            taken[i] = Codes[rows[i]];
        return new CategoryColumn(Name, taken, Levels);
    }
}

/// <summary>Free text or identifiers; null is missing.</summary>
public sealed class TextColumn(string name, ColumnKind kind, string?[] values) : Column(name, kind)
{
    public string?[] Values { get; } = values;

    public override int Length => Values.Length;

    public override TextColumn Take(ReadOnlySpan<int> rows)
    {
        var taken = new string?[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            taken[i] = Values[rows[i]];
        return new TextColumn(Name, Kind, taken);
    }
}

/// <summary>Numbers that are mostly zero: the rows (ascending) that hold something else, and what they hold; NaN is missing.</summary>
public sealed class SparseColumn(string name, int length, int[] rows, double[] values) : Column(name, ColumnKind.Numeric)
{
    public int[] Rows { get; } = rows;

    public double[] Values { get; } = values;

    public override int Length { get; } = length;

    public override NumericColumn Take(ReadOnlySpan<int> rows)
    {
        var taken = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            var at = Array.BinarySearch(Rows, rows[i]);
            taken[i] = at < 0 ? 0 : Values[at];
        }
        return new NumericColumn(Name, Kind, taken);
    }
}

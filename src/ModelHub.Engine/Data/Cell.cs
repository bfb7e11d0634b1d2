using System.Globalization;

namespace ModelHub.Engine.Data;

/// <summary>One cell of any column as a number or as a text.</summary>
public static class Cell
{
    /// <summary>NaN when missing, or when the text is no number.</summary>
    public static double Number(Column? column, int row) => column switch
    {
        NumericColumn numbers => numbers.Values[row],
        SparseColumn thin => Array.BinarySearch(thin.Rows, row) is >= 0 and var at ? thin.Values[at] : 0,
        null => double.NaN,
        _ => Text(column, row) is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : double.NaN,
    };

    /// <summary>Null when missing. Numbers are written shortest (2, not 2.0).</summary>
    public static string? Text(Column? column, int row) => column switch
    {
        CategoryColumn category => category.Codes[row] < 0 ? null : category.Levels[category.Codes[row]],
        TextColumn text => text.Values[row],
        null => null,
        _ => Number(column, row) is var value && double.IsNaN(value) ? null : value.ToString("R", CultureInfo.InvariantCulture),
    };
}

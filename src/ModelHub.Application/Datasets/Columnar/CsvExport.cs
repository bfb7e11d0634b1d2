using System.Text;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>
/// Writes a table as CSV (UTF-8, comma, CRLF, header). A text that a spreadsheet would run as a formula (it starts with = + - @, tab or
/// carriage return) gets a ' in front; numbers, negative ones too, are left alone. Missing cells are empty.
/// </summary>
public static class CsvExport
{
    private const int CellsAtOnce = 1 << 20;

    public static void Write(ColumnarSet set, Stream output, CancellationToken cancellation = default)
    {
        using var writer = new StreamWriter(output, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
        writer.NewLine = "\r\n";
        Line(writer, set.Schema.Columns.Select(c => (string?)c.Name));
        var step = Math.Max(256, CellsAtOnce / Math.Max(1, set.Schema.Columns.Count));
        // Each kind has its own text: dates and truth values are formatted by the reading.
        var texts = set.Schema.Columns.Where(c => !(c.Kind is ColumnKind.Numeric or ColumnKind.Integer)).ToDictionary(c => c.Name, _ => ColumnKind.Text);
        for (long row = 0; row < set.RowCount; row += step)
        {
            var block = set.ReadTable(null, row, step, texts, cancellation);
            for (var i = 0; i < block.RowCount; i++)
                Line(writer, block.Columns.Select(c => Cell(c, i)));
        }
    }

    /// <summary>The text with a ' in front if a spreadsheet would run it.</summary>
    public static string Neutral(string text) =>
        text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r'
            && CellText.Number(Encoding.UTF8.GetBytes(text), out _) == NumberShape.None
            ? "'" + text
            : text;

    private static string? Cell(Column column, int row) => column switch
    {
        TextColumn text => text.Values[row],
        NumericColumn numbers => double.IsNaN(numbers.Values[row]) ? null : CellText.Format(numbers.Values[row]),
        SparseColumn sparse => Array.BinarySearch(sparse.Rows, row) is >= 0 and var at ? CellText.Format(sparse.Values[at]) : "0",
        _ => throw new NotSupportedException(column.GetType().Name),
    };

    private static void Line(StreamWriter writer, IEnumerable<string?> cells)
    {
        var first = true;
        foreach (var cell in cells)
        {
            if (!first)
                writer.Write(',');
            first = false;
            var text = Neutral(cell ?? "");
            if (text.AsSpan().IndexOfAny("\",\r\n") < 0)
            {
                writer.Write(text);
                continue;
            }
            writer.Write('"');
            writer.Write(text.Replace("\"", "\"\"", StringComparison.Ordinal));
            writer.Write('"');
        }
        writer.WriteLine();
    }
}

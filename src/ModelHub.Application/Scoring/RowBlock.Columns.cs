using System.Buffers.Text;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Parquet;
using ModelHub.Engine.Data;
using Encoding = ModelHub.Engine.Preparation.Encoding;

namespace ModelHub.Application.Scoring;

/// <summary>Rows that come by column, with cells that know their types.</summary>
public sealed partial class RowBlock
{
    /// <summary>The rows as they came, when they came by column; else null.</summary>
    public ColumnBatch? Typed { get; private set; }

    /// <summary>The batch whose features are the block's; null when those are its own.</summary>
    private ColumnBatch? _lent;

    /// <summary>Takes a batch over, whose features are the model's numbers; it goes back when the block does.</summary>
    /// <param name="keepTexts">Whether cells are also written down as text, for answers made of text.</param>
    internal void Fill(ColumnBatch batch, RowColumns columns, bool keepTexts)
    {
        Typed = batch;
        var all = columns.Now.ToArray();
        int[] others = Model.Trained is null ? [] : [.. Enumerable.Range(0, all.Length).Where(c => all[c].Input >= 0 && !IsNumber(all[c], batch[c].Type))];
        Grow(batch.Count, others.Length > 0);
        _unusual.AsSpan(0, batch.Count).Fill(-1);
        if (others.Length > 0)
            SetCells(batch, all, others);
        else
            _lent = batch;
        for (Count = 0; Count < batch.Count; Count++)
        {
            for (var c = 0; keepTexts && c < all.Length; c++)
            {
                if (all[c].IsKept)
                    KeepText(batch[c], c, Count);
            }
            _cellEnds[Count] = _cellCount;
        }
    }

    /// <summary>Whether a column's cells, as numbers, are a feature as they are; others are set as in every other format.</summary>
    internal static bool IsNumber(RowColumn column, CellType type) => column.Feature >= 0 && type != CellType.Text;

    private void SetCells(ColumnBatch batch, RowColumn[] columns, int[] others)
    {
        int[] numbers = [.. columns.Where((c, at) => c.Input >= 0 && !others.Contains(at)).Select(c => c.Feature)];
        var given = batch.Features;
        for (var r = 0; r < batch.Count; r++)
        {
            Row!.MoveTo(_features, r * Width);
            Row.Clear();
            foreach (var c in others)
                SetCell(batch[c], columns[c].Input, r);
            _unusual[r] = Row.Unusual;
            foreach (var feature in numbers)
                _features[r * Width + feature] = given[r * Width + feature];
        }
    }

    private void SetCell(BatchColumn cells, int input, int row)
    {
        if (cells.IsMissing(row))
            return;
        if (cells.Type == CellType.Text)
            CellWriter.Set(Model.Trained!, Row!, input, cells.Text(row));
        else if (cells.Type == CellType.Truth)
            CellWriter.Set(Model.Trained!, Row!, input, cells.Number(row) != 0 ? "true"u8 : "false"u8);
        else if (cells.Type is CellType.Day or CellType.Moment && Model.Trained!.Inputs[input].Encoding == Encoding.Category)
            Row!.SetText(input, DateText.Format(cells.Number(row)));
        else
            Row!.SetNumber(input, cells.Number(row));
    }

    private void KeepText(BatchColumn cells, int column, int row)
    {
        if (cells.IsMissing(row))
        {
            Keep(column, [], CellKind.Missing);
            return;
        }
        if (cells.Type == CellType.Text)
        {
            Keep(column, cells.Text(row), CellKind.Text);
            return;
        }
        var number = cells.Number(row);
        if (!double.IsFinite(number))
        {
            Keep(column, double.IsNaN(number) ? [] : number > 0 ? "inf"u8 : "-inf"u8, double.IsNaN(number) ? CellKind.Missing : CellKind.Text);
            return;
        }
        Span<byte> text = stackalloc byte[64];
        var length = 0;
        switch (cells.Type)
        {
            case CellType.Truth:
                Keep(column, number != 0 ? "true"u8 : "false"u8, CellKind.Truth);
                return;
            case CellType.Day or CellType.Moment:
                Keep(column, System.Text.Encoding.UTF8.GetBytes(DateText.Format(number)), CellKind.Text);
                return;
            case CellType.Whole:
                Utf8Formatter.TryFormat(cells.Values<long>()[row], text, out length);
                break;
            case CellType.Single:
                Utf8Formatter.TryFormat(cells.Values<float>()[row], text, out length);
                break;
            default:
                Utf8Formatter.TryFormat(number, text, out length);
                break;
        }
        Keep(column, text[..length], CellKind.Number);
    }

    /// <summary>A kept cell as the number that a model would read in it.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> text, out double number) =>
        CellText.Number(CellText.Trim(text), out number) != NumberShape.None && double.IsFinite(number);

    /// <summary>The batch as a table: numbers as numbers, the rest as texts.</summary>
    private static Table ToTable(ColumnBatch batch, ReadOnlySpan<RowColumn> columns)
    {
        var table = new Column[columns.Length];
        for (var c = 0; c < table.Length; c++)
        {
            var cells = batch[c];
            if (cells.Type is CellType.Whole or CellType.Single or CellType.Double)
                table[c] = new NumericColumn(columns[c].Name, ColumnKind.Numeric, [.. Enumerable.Range(0, batch.Count).Select(cells.Number)]);
            else
                table[c] = new TextColumn(columns[c].Name, ColumnKind.Category, [.. Enumerable.Range(0, batch.Count).Select(r => TextOf(cells, r))]);
        }
        return new Table(table, batch.Count);
    }

    private static string? TextOf(BatchColumn cells, int row) => cells.IsMissing(row) ? null : cells.Type switch
    {
        CellType.Text => System.Text.Encoding.UTF8.GetString(cells.Text(row)),
        CellType.Truth => cells.Number(row) != 0 ? "true" : "false",
        _ => DateText.Format(cells.Number(row)),
    };
}

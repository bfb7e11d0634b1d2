using System.Buffers.Text;
using System.Runtime.InteropServices;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Parquet;
using ModelHub.Engine.Data;
using Encoding = ModelHub.Engine.Preparation.Encoding;

namespace ModelHub.Application.Scoring;

/// <summary>Rows that come by column, with cells that know their types.</summary>
public sealed partial class RowBlock
{
    /// <summary>Rows at a time that are turned from columns into rows: their features stay in the nearest cache.</summary>
    private const int Tile = 128;

    /// <summary>The rows as they came, when they came by column; else null.</summary>
    public ColumnBatch? Typed { get; private set; }

    /// <summary>Takes a batch over; it goes back when the block does.</summary>
    /// <param name="keepTexts">Whether cells are also written down as text, for answers made of text.</param>
    internal void Fill(ColumnBatch batch, RowColumns columns, bool keepTexts)
    {
        Typed = batch;
        var all = columns.Now;
        while (_unusual.Length < batch.Count)
            Grow();
        if (Model.Trained is { } trained)
            FillFeatures(batch, all, trained.FeatureOffsets);
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

    private void FillFeatures(ColumnBatch batch, RowColumn[] columns, ReadOnlySpan<int> offsets)
    {
        // Cells that a number's feature takes as they are go the short way; the others are set as in every other format.
        int[] used = [.. Enumerable.Range(0, columns.Length).Where(c => columns[c].Input >= 0)];
        int[] plain = [.. used.Where(c => batch[c].Type != CellType.Text && Model.Trained!.Inputs[columns[c].Input].Encoding == Encoding.Number)];
        int[] others = [.. used.Except(plain)];
        _features.AsSpan(0, batch.Count * Width).Fill(float.NaN);
        for (var r = 0; others.Length > 0 && r < batch.Count; r++)
        {
            Row!.MoveTo(_features, r * Width);
            Row.Clear();
            foreach (var c in others)
                SetCell(batch[c], columns[c].Input, r);
            _unusual[r] = Row.Unusual;
        }
        if (others.Length == 0)
            _unusual.AsSpan(0, batch.Count).Fill(-1);
        for (var from = 0; from < batch.Count; from += Tile)
        {
            foreach (var c in plain)
                FillNumbers(batch[c], columns[c].Input, offsets[columns[c].Input], from, Math.Min(batch.Count, from + Tile));
        }
    }

    private void FillNumbers(BatchColumn cells, int input, int feature, int from, int to)
    {
        if (cells.IsFeature)
        {
            var values = cells.Values<float>();
            ref var first = ref MemoryMarshal.GetArrayDataReference(_features);
            for (var r = from; r < to; r++)
                System.Runtime.CompilerServices.Unsafe.Add(ref first, (nint)r * Width + feature) = values[r];
            return;
        }
        if (cells.Type == CellType.Double && !cells.HasMissing)
        {
            var values = cells.Values<double>();
            ref var first = ref MemoryMarshal.GetArrayDataReference(_features);
            for (var r = from; r < to; r++)
                System.Runtime.CompilerServices.Unsafe.Add(ref first, (nint)r * Width + feature) = Checked(values[r], input, r);
            return;
        }
        for (var r = from; r < to; r++)
            _features[r * Width + feature] = Checked(cells.Number(r), input, r);
    }

    /// <summary>An infinite number is none, as in text.</summary>
    private float Checked(double value, int input, int row)
    {
        if (!double.IsInfinity(value))
            return (float)value;
        _unusual[row] = input;
        return float.NaN;
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
    private static Table ToTable(ColumnBatch batch, RowColumn[] columns)
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

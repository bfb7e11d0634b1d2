using ModelHub.Application.Datasets.Columnar;
using ModelHub.Application.Parquet;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>
/// Columns that know their types into a table: truth values and dates are just that, fractions numeric, whole numbers integers or identifiers
/// and texts categories, texts or identifiers by what they hold, never numbers.
/// </summary>
internal sealed class TypedTableReader(IColumnReader rows, TableSink sink, ReadOptions options)
{
    private long _bytes;

    public static HashSet<string> Texts(IColumnReader rows) =>
        rows.Columns.Where(c => c.Type == CellType.Text).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);

    public void Run(CancellationToken cancellation)
    {
        // A few bytes can say one value again for billions of rows.
        if (rows.RowCount > options.Limits.MaxRows)
            throw new DatasetFormatException($"There are more than {options.Limits.MaxRows} rows.");
        foreach (var column in rows.Columns)
        {
            if (column.Name.Length == 0)
                throw new DatasetFormatException("A column has no name.");
            sink.AddColumn(column.Name, sparse: false, column.Type switch
            {
                CellType.Truth => ColumnKind.Boolean,
                CellType.Single or CellType.Double => ColumnKind.Numeric,
                CellType.Day or CellType.Moment => ColumnKind.Date,
                CellType.Whole or CellType.Text => null,
            });
        }
        while (rows.Read() is { } batch)
        {
            using (batch)
                Take(batch, cancellation);
        }
    }

    private void Take(ColumnBatch batch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        for (var r = 0; r < batch.Count; r++)
        {
            for (var c = 0; c < batch.Columns.Count; c++)
            {
                if (!batch[c].IsMissing(r))
                    Take(batch[c], c, r);
            }
            sink.EndRow();
            if (_bytes > options.Limits.MaxBytes)
                throw new DatasetFormatException($"The data is larger than {options.Limits.MaxBytes} bytes.");
        }
    }

    private void Take(BatchColumn cells, int column, int row)
    {
        _bytes += 8;
        switch (cells.Type)
        {
            case CellType.Text:
                var text = cells.Text(row);
                _bytes += text.Length;
                if (text.Length > options.Limits.MaxCellBytes)
                    throw new DatasetFormatException($"A cell may have {options.Limits.MaxCellBytes} bytes.", sink.RowCount + 1, sink.Columns[column].Name);
                sink.Cell(column, text);
                break;
            case CellType.Truth:
                sink.Truth(column, cells.Number(row) != 0);
                break;
            case CellType.Day or CellType.Moment:
                if (cells.Number(row) is var seconds && !double.IsNaN(seconds))
                    sink.Moment(column, seconds);
                break;
            default:
                sink.Cell(column, cells.Number(row));
                break;
        }
    }
}

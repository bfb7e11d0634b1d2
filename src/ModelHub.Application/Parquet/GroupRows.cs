using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelHub.Application.Parquet;

/// <summary>The rows of one row group, batch by batch.</summary>
internal sealed unsafe class GroupRows : IDisposable
{
    /// <summary>Rows whose texts are read before it is asked again whether they are enough.</summary>
    private const int TextRows = 2048;

    /// <summary>Rows whose features are laid at a time: as many as stay in the nearest cache.</summary>
    private const int Tile = 256;

    private readonly StoredColumn[] _columns;
    private readonly TypedColumn[] _types;
    private readonly ColumnChoices _wanted;
    private readonly ColumnCursor?[] _cursors;
    private readonly int[] _texts;
    private readonly int _batchRows;
    private readonly bool _isPartial;
    private int _left;
    private int _textRows;

    /// <param name="pages">By column.</param>
    public GroupRows(SafeFileHandle file, StoredColumn[] columns, TypedColumn[] types, int rows, ParquetPage[][] pages, ColumnChoices wanted)
    {
        (_columns, _types, _wanted, _left) = (columns, types, wanted, rows);
        _texts = [.. Enumerable.Range(0, columns.Length).Where(c => wanted.Cells[c] && columns[c].Column.Type == CellType.Text)];
        _isPartial = wanted.Features.Count(f => f >= 0) < wanted.Width;
        var most = wanted.BatchRows(types);
        // As many batches as it takes, all of a length.
        var batches = Math.Max(1, (rows + most - 1) / most);
        _batchRows = (rows + batches - 1) / batches;
        _cursors = [.. columns.Select((c, at) => wanted.Cells[at] || wanted.Features[at] >= 0 ? new ColumnCursor(file, c, pages[at]) : null)];
    }

    /// <summary>The next rows; null at the end.</summary>
    public ColumnBatch? Next()
    {
        if (_left == 0)
            return null;
        var rows = Math.Min(_batchRows, _left);
        var cells = new BatchColumn[_columns.Length];
        for (var c = 0; c < cells.Length; c++)
            cells[c] = new BatchColumn(_types[c], _wanted.Cells[c] ? rows : 0);
        var features = ArrayPool<float>.Shared.Rent(Math.Max(1, rows * _wanted.Width));
        var pinned = GCHandle.Alloc(features, GCHandleType.Pinned);
        var start = (float*)pinned.AddrOfPinnedObject();
        void Release()
        {
            pinned.Free();
            ArrayPool<float>.Shared.Return(features);
        }
        try
        {
            rows = ReadTexts(cells, rows);
            if (_isPartial)
                features.AsSpan(0, rows * _wanted.Width).Fill(float.NaN);
            ReadCells(cells, rows, start);
            ReadFeatures(rows, start);
        }
        catch
        {
            new ColumnBatch(_types, cells, 0, start, 0, Release).Dispose();
            throw;
        }
        _left -= rows;
        return new ColumnBatch(_types, cells, rows, start, _wanted.Width, Release);
    }

    public void Dispose()
    {
        foreach (var cursor in _cursors)
            cursor?.Dispose();
    }

    /// <summary>Loads the dictionaries; before the first rows.</summary>
    public void Begin()
    {
        foreach (var cursor in _cursors)
            cursor?.Begin();
        // A dictionary can say a long text in every row.
        var longest = _texts.Sum(c => (long)_cursors[c]!.LongestText);
        _textRows = (int)Math.Clamp(ColumnChoices.BatchBytes / Math.Max(1, longest), 1, TextRows);
    }

    /// <summary>As many rows as their texts allow; all, when there are none.</summary>
    private int ReadTexts(BatchColumn[] cells, int most)
    {
        if (_texts.Length == 0)
            return most;
        var (rows, bytes) = (0, 0L);
        while (rows < most && bytes < ColumnChoices.BatchBytes)
        {
            var step = Math.Min(_textRows, most - rows);
            foreach (var c in _texts)
                bytes += _cursors[c]!.ReadTexts(cells[c], rows, step);
            rows += step;
        }
        return rows;
    }

    private void ReadCells(BatchColumn[] cells, int rows, float* features)
    {
        var missing = ArrayPool<bool>.Shared.Rent(rows);
        for (var c = 0; c < cells.Length; c++)
        {
            if (!_wanted.IsLaid(_types, c))
                continue;
            var room = cells[c].Room(0, rows);
            var isAnyMissing = _cursors[c]!.Read(room, missing.AsSpan(0, rows));
            if (isAnyMissing)
                cells[c].SetMissing(missing.AsSpan(0, rows));
            if (_wanted.Features[c] >= 0)
                Lay(c, room, isAnyMissing ? missing : [], rows, features + _wanted.Features[c]);
        }
        ArrayPool<bool>.Shared.Return(missing);
    }

    /// <summary>Columns that are wanted as features alone, some rows of all of them at a time.</summary>
    private void ReadFeatures(int rows, float* to)
    {
        int[] features = [.. Enumerable.Range(0, _columns.Length).Where(c => _wanted.Features[c] >= 0 && !_wanted.Cells[c])];
        Span<byte> cells = stackalloc byte[Tile * sizeof(double)];
        Span<bool> missing = stackalloc bool[Tile];
        for (var from = 0; from < rows && features.Length > 0; from += Tile)
        {
            var count = Math.Min(Tile, rows - from);
            foreach (var c in features)
            {
                var isAnyMissing = _cursors[c]!.Read(cells, missing[..count]);
                Lay(c, cells, isAnyMissing ? missing : [], count, to + (long)from * _wanted.Width + _wanted.Features[c]);
            }
        }
    }

    private void Lay(int column, ReadOnlySpan<byte> cells, ReadOnlySpan<bool> missing, int rows, float* to)
    {
        fixed (byte* from = cells)
            FeatureNumbers.Lay(_types[column].Type, from, rows, to, _wanted.Width);
        for (var r = 0; r < rows && !missing.IsEmpty; r++)
        {
            if (missing[r])
                to[(long)r * _wanted.Width] = float.NaN;
        }
    }
}

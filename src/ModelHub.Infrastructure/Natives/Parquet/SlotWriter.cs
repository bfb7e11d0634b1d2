using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>The reading process' side of the shared memory: lays the rows that DuckDB gives into slots, one after the other.</summary>
internal sealed unsafe class SlotWriter(TypedColumn[] columns, ColumnChoices wanted, int[] sent, SharedSlots memory, FileStream input, FileStream output)
{
    /// <summary>Rows whose features are laid at a time: as many as stay in the nearest cache.</summary>
    private const int Tile = 128;

    private readonly SlotLayout _layout = new(columns, wanted);
    private readonly bool _isPartial = wanted.Features.Count(f => f >= 0) < wanted.Width;
    private byte* _slot;
    private int _rows;
    private long _texts;

    public long Sent { get; private set; }

    public void Take(DuckChunk chunk)
    {
        for (var from = 0; from < chunk.Rows;)
        {
            if (_slot == null)
                Begin();
            var rows = Math.Min(_layout.Rows - _rows, chunk.Rows - from);
            output.Write([ParquetFrames.Rows, .. BitConverter.GetBytes(rows)]);
            LayFeatures(chunk, from, rows);
            for (var s = 0; s < sent.Length; s++)
            {
                if (wanted.Cells[sent[s]])
                    LayCells(chunk.Column(s), sent[s], from, rows);
            }
            (_rows, from, Sent) = (_rows + rows, from + rows, Sent + rows);
            if (_rows == _layout.Rows || _texts >= ColumnChoices.BatchBytes)
                End();
        }
    }

    /// <summary>What was begun is whole.</summary>
    public void End()
    {
        if (_slot == null)
            return;
        output.Write([ParquetFrames.Batch]);
        _slot = null;
        (_rows, _texts) = (0, 0);
    }

    /// <summary>The next slot that is free; the hub names it.</summary>
    private void Begin()
    {
        _slot = input.ReadByte() is >= 0 and var number ? memory.Start + number * _layout.Bytes : throw new IOException("The hub has gone.");
        new Span<byte>(_slot, columns.Length).Clear();
    }

    private void LayFeatures(DuckChunk chunk, int from, int rows)
    {
        if (wanted.Width == 0)
            return;
        for (var start = 0; start < rows; start += Tile)
        {
            var count = Math.Min(Tile, rows - start);
            var features = (float*)(_slot + _layout.Features) + (long)(_rows + start) * wanted.Width;
            if (_isPartial)
                new Span<float>(features, count * wanted.Width).Fill(float.NaN);
            for (var s = 0; s < sent.Length; s++)
            {
                if (wanted.Features[sent[s]] is >= 0 and var feature)
                    LayFeature(chunk.Column(s), columns[sent[s]].Type, from + start, count, features + feature);
            }
        }
    }

    private void LayFeature((nint Data, nint Validity) column, CellType type, int from, int count, float* to)
    {
        var width = wanted.Width;
        FeatureNumbers.Lay(type, (byte*)column.Data + (long)from * TypedColumn.WidthOf(type), count, to, width);
        for (var r = 0; column.Validity != 0 && r < count; r++)
        {
            if (IsMissing(column.Validity, from + r))
                to[r * width] = float.NaN;
        }
    }

    private void LayCells((nint Data, nint Validity) column, int at, int from, int rows)
    {
        if (columns[at].Type == CellType.Text)
        {
            SendTexts(column, from, rows);
            return;
        }
        var width = columns[at].Width;
        new ReadOnlySpan<byte>((byte*)column.Data + (long)from * width, rows * width).CopyTo(new Span<byte>(_slot + _layout.Cells[at] + (long)_rows * width, rows * width));
        var missing = _slot + _layout.Missing[at];
        if (column.Validity != 0 && _slot[at] == 0)
        {
            new Span<byte>(missing, _rows).Clear();
            _slot[at] = 1;
        }
        for (var r = 0; _slot[at] != 0 && r < rows; r++)
            missing[_rows + r] = IsMissing(column.Validity, from + r) ? (byte)1 : (byte)0;
    }

    /// <summary>Texts of at most 12 bytes lie where they are named, others behind a pointer.</summary>
    private void SendTexts((nint Data, nint Validity) column, int from, int rows)
    {
        var cells = (byte*)column.Data + from * 16L;
        var lengths = new int[rows];
        var all = 0L;
        for (var r = 0; r < rows; r++)
        {
            lengths[r] = IsMissing(column.Validity, from + r) ? ParquetFrames.NoText : *(int*)(cells + r * 16L);
            all += Math.Max(0, lengths[r]);
        }
        if (all > ParquetFrames.MostTextBytes)
            throw new DuckException("its texts are too long.");
        _texts += all;
        var bytes = new byte[rows * 4 + (int)all];
        Buffer.BlockCopy(lengths, 0, bytes, 0, rows * 4);
        for (var (r, to) = (0, rows * 4); r < rows; to += Math.Max(0, lengths[r++]))
        {
            var cell = cells + r * 16L;
            if (lengths[r] > 0)
                new ReadOnlySpan<byte>(lengths[r] <= 12 ? cell + 4 : *(byte**)(cell + 8), lengths[r]).CopyTo(bytes.AsSpan(to));
        }
        output.Write(bytes);
    }

    private static bool IsMissing(nint validity, int row) => validity != 0 && (((ulong*)validity)[row >> 6] >> (row & 63) & 1) == 0;
}

using System.Text.Unicode;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>The texts of one column: numbered while few of them differ, and stored one by one from the group on in which that ends.</summary>
internal sealed class TextCells(Allowance dictionaries)
{
    private int[] _codes = [];
    private TextBuffer? _texts;
    private bool _overflowed;

    public LevelDictionary Levels { get; } = new();

    public void AddMissing(int row)
    {
        if (_texts is { } texts)
            texts.AddMissing();
        else
            Room.At(ref _codes, row) = -1;
    }

    /// <summary>False for a text that is no UTF-8 or has a null character (levels are kept in PostgreSQL), which is not taken.</summary>
    public bool TryAdd(ReadOnlySpan<byte> cell, int row, ColumnSketch sketch)
    {
        var hash = LevelDictionary.Hash(cell);
        var code = Levels.Find(cell, hash);
        if (code < 0 && (cell.Contains((byte)0) || !Utf8.IsValid(cell)))
            return false;
        if (_texts is null && code < 0)
        {
            if (Levels.Count >= ColumnarFormat.MaxLevels || !dictionaries.Take(cell.Length + 40))
                Overflow(row);
            else
                code = Levels.Add(cell, hash);
        }
        if (_texts is not null)
        {
            _texts.Add(cell);
            sketch.AddText(1, cell.Length, cell.Contains((byte)' '), hash);
            return true;
        }
        Levels.Rows[code]++;
        Room.At(ref _codes, row) = code;
        return true;
    }

    /// <summary>The chunk of the group that ended; makes room for the next.</summary>
    public (ChunkEncoding Encoding, byte[] Bytes) TakeChunk(int rows)
    {
        var chunk = _texts is { } texts ? (ChunkEncoding.Texts, texts.ToBytes()) : (ChunkEncoding.Codes, Chunk.PackCodes(_codes.AsSpan(0, rows), Levels.Count));
        _texts = _overflowed ? new TextBuffer() : null;
        return chunk;
    }

    /// <summary>Counts the rows of the numbered texts, which were not counted one by one.</summary>
    public void Count(ColumnSketch sketch)
    {
        for (var level = 0; level < Levels.Count; level++)
            sketch.AddText(Levels.Rows[level], Levels[level].Length, Levels[level].Contains((byte)' '), Levels.HashOf(level));
    }

    private void Overflow(int rows)
    {
        _overflowed = true;
        _texts = new TextBuffer();
        for (var i = 0; i < rows; i++)
        {
            if (_codes[i] < 0)
                _texts.AddMissing();
            else
                _texts.Add(Levels[_codes[i]]);
        }
    }
}

/// <summary>Bytes that several builders share.</summary>
internal sealed class Allowance(long bytes)
{
    private long _left = bytes;

    public bool Take(long count)
    {
        if (count > _left)
            return false;
        _left -= count;
        return true;
    }
}

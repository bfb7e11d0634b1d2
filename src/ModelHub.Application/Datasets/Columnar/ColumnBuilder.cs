using System.Text;
using System.Text.Unicode;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>What a column holds physically.</summary>
internal enum Content : byte
{
    /// <summary>Nothing but missing cells so far.</summary>
    None,
    Numbers,
    Booleans,
    Dates,
    Texts,
}

/// <summary>
/// Takes the cells of one column. Its first cells wait as text until <see cref="PatienceRows"/> have been seen; then the column is
/// what they all are. A cell that breaks this later makes the column a text, for which the file is read again
/// (<see cref="NeedsText"/>), so that what is stored is always what was sent.
/// </summary>
internal sealed class ColumnBuilder
{
    public const int PatienceRows = 2048;
    private readonly Allowance _dictionaries;
    private TextBuffer? _waiting;
    private double[] _numbers = [];
    private int[] _codes = [];
    private int[] _sparseRows = [];
    private TextBuffer? _texts;
    private int _count;
    private int _stored;
    private bool _overflowed;

    public ColumnBuilder(string name, ColumnKind? forced, bool asText, bool sparse, int sampleLimit, Allowance dictionaries)
    {
        (Name, Forced, Sparse, _dictionaries) = (name, forced, sparse, dictionaries);
        Sketch = new ColumnSketch(sampleLimit);
        Content = sparse ? Content.Numbers : asText ? Content.Texts : forced switch
        {
            null => Content.None,
            ColumnKind.Numeric or ColumnKind.Integer => Content.Numbers,
            ColumnKind.Boolean => Content.Booleans,
            ColumnKind.Date => Content.Dates,
            _ => Content.Texts,
        };
        _waiting = Content == Content.None ? new TextBuffer() : null;
    }

    public string Name { get; }

    public ColumnKind? Forced { get; }

    public bool Sparse { get; }

    public Content Content { get; private set; }

    public ColumnSketch Sketch { get; }

    public LevelDictionary Levels { get; } = new();

    /// <summary>A cell came that is no number (date, truth value) after others had been taken for one.</summary>
    public bool NeedsText { get; private set; }

    /// <summary>Row of the first infinite number, 0 for none.</summary>
    public long InfiniteRow { get; private set; }

    /// <summary>Takes a cell of row <paramref name="at"/> of the group; <paramref name="row"/> is its 1-based number in the file.</summary>
    public void Append(ReadOnlySpan<byte> cell, int at, long row)
    {
        if (_count < at)
            Pad(at);
        _count = at + 1;
        switch (Content)
        {
            case Content.Numbers:
                AppendNumber(CellText.Trim(cell), at, row);
                break;
            case Content.Texts:
                AppendText(cell, at, row);
                break;
            case Content.None:
                if (CellText.IsMissing(CellText.Trim(cell)))
                    _waiting!.AddMissing();
                else
                    _waiting!.Add(cell);
                if (_waiting.Count >= PatienceRows && _waiting.HasText)
                    Decide(row - at);
                break;
            default:
                AppendOther(CellText.Trim(cell), at, row);
                break;
        }
    }

    /// <summary>Takes a number (NaN is missing) without its text.</summary>
    public void Append(double value, int at, long row)
    {
        if (Content is Content.None && _waiting!.HasText)
            Decide(row - at);
        if (Content is not (Content.Numbers or Content.None))
        {
            Append(double.IsNaN(value) ? [] : Encoding.UTF8.GetBytes(CellText.Format(value)), at, row);
            return;
        }
        if (Content == Content.None)
            Become(Content.Numbers);
        if (_count < at)
            Pad(at);
        _count = at + 1;
        Store(value, at, row);
    }

    /// <summary>Takes a truth value; a column that is no such holds it as 0 or 1, or as true or false.</summary>
    public void AppendTruth(bool value, int at, long row)
    {
        if (Content == Content.Booleans)
            AppendHeld(value ? 1 : 0, at);
        else if (Content == Content.Numbers)
            Append(value ? 1.0 : 0.0, at, row);
        else
            Append(value ? "true"u8 : "false"u8, at, row);
    }

    /// <summary>Takes a date in seconds since 1970-01-01 UTC; a column that is none of dates gets its text.</summary>
    public void AppendMoment(double seconds, int at, long row)
    {
        if (Content == Content.Dates)
            AppendHeld(seconds, at);
        else
            Append(Encoding.UTF8.GetBytes(DateText.Format(seconds)), at, row);
    }

    /// <summary>Brings the column to the end of a group of <paramref name="rows"/> rows, the first of which is <paramref name="firstRow"/>.</summary>
    public void EndGroup(int rows, long firstRow)
    {
        if (_count < rows)
            Pad(rows);
        if (Content == Content.None)
            Decide(firstRow);
    }

    /// <summary>The chunk of the group that ended; counts it and makes room for the next.</summary>
    public (ChunkEncoding Encoding, byte[] Bytes) TakeChunk(int rows)
    {
        var chunk = Sparse ? SparseChunk(rows) : Content switch
        {
            Content.None => Nothing(rows),
            Content.Texts when _texts is { } texts => (ChunkEncoding.Texts, texts.ToBytes()),
            Content.Texts => (ChunkEncoding.Codes, Chunk.PackCodes(_codes.AsSpan(0, rows), Levels.Count)),
            _ => NumberChunk(rows),
        };
        (_count, _stored) = (0, 0);
        _texts = _overflowed ? new TextBuffer() : null;
        return chunk;
    }

    /// <summary>Counts the dictionary's rows; called once, after the last chunk.</summary>
    public void Finish()
    {
        for (var level = 0; level < Levels.Count; level++)
            Sketch.AddText(Levels.Rows[level], Levels[level].Length, Levels[level].Contains((byte)' '), Levels.HashOf(level));
    }

    private (ChunkEncoding Encoding, byte[] Bytes) Nothing(int rows)
    {
        Sketch.AddMissing(rows);
        _waiting = new TextBuffer();
        return (ChunkEncoding.Empty, []);
    }

    private (ChunkEncoding Encoding, byte[] Bytes) NumberChunk(int rows)
    {
        Sketch.AddNumbers(_numbers.AsSpan(0, rows));
        return (ChunkEncoding.Numbers, Chunk.Raw<double>(_numbers.AsSpan(0, rows)).ToArray());
    }

    private (ChunkEncoding Encoding, byte[] Bytes) SparseChunk(int rows)
    {
        Sketch.AddNumbers(_numbers.AsSpan(0, _stored));
        Sketch.AddZeros(rows - _stored);
        if (_stored == 0)
            return (ChunkEncoding.Empty, []);
        return (ChunkEncoding.Sparse,
            [.. Chunk.Raw<int>(_sparseRows.AsSpan(0, _stored)), .. Chunk.Raw<double>(_numbers.AsSpan(0, _stored))]);
    }

    private void Pad(int to)
    {
        for (; _count < to && !Sparse; _count++)
        {
            if (Content == Content.None)
                _waiting!.AddMissing();
            else if (Content != Content.Texts)
                Room(ref _numbers, _count) = double.NaN;
            else if (_texts is { } texts)
                texts.AddMissing();
            else
                Room(ref _codes, _count) = -1;
            Sketch.AddMissing(Content == Content.Texts ? 1 : 0);
        }
        _count = to;
    }

    private void AppendHeld(double value, int at)
    {
        if (_count < at)
            Pad(at);
        _count = at + 1;
        Room(ref _numbers, at) = value;
    }

    private void AppendNumber(ReadOnlySpan<byte> cell, int at, long row)
    {
        var shape = CellText.Number(cell, out var value);
        if (shape == NumberShape.None || (shape == NumberShape.Padded && Forced is null && !Sparse))
        {
            if (!CellText.IsMissing(cell))
            {
                Conflict(cell, row, "a number");
                return;
            }
            value = double.NaN;
        }
        Store(value, at, row);
    }

    private void Store(double value, int at, long row)
    {
        if (double.IsInfinity(value) && InfiniteRow == 0)
            InfiniteRow = row;
        if (!Sparse)
        {
            Room(ref _numbers, at) = value;
            return;
        }
        if (value == 0)
            return;
        Room(ref _sparseRows, _stored) = at;
        Room(ref _numbers, _stored++) = value;
    }

    private void AppendOther(ReadOnlySpan<byte> cell, int at, long row)
    {
        double value;
        var fits = Content == Content.Dates ? DateText.TryParse(cell, out value)
            : Forced is null ? CellText.Boolean(cell, out value) : CellText.AnyBoolean(cell, out value);
        if (!fits && !CellText.IsMissing(cell))
            Conflict(cell, row, Content == Content.Dates ? "a date (yyyy-MM-dd or yyyy/MM/dd, with or without a time)" : "true or false");
        Room(ref _numbers, at) = fits ? value : double.NaN;
    }

    private void Conflict(ReadOnlySpan<byte> cell, long row, string wanted)
    {
        if (Forced is not null || Sparse)
        {
            var shown = DatasetFormatException.Shortened(Encoding.UTF8.GetString(cell[..Math.Min(cell.Length, 200)]));
            throw new DatasetFormatException($"'{shown}' is not {wanted}.", row, Name);
        }
        NeedsText = true;
        // What follows is only counted: the file is read once more.
        Room(ref _numbers, _count - 1) = double.NaN;
    }

    private void AppendText(ReadOnlySpan<byte> cell, int at, long row)
    {
        if (CellText.IsMissing(CellText.Trim(cell)))
        {
            if (_texts is not null)
                _texts.AddMissing();
            else
                Room(ref _codes, at) = -1;
            Sketch.AddMissing(1);
            return;
        }
        var hash = LevelDictionary.Hash(cell);
        var code = Levels.Find(cell, hash);
        if (code < 0 && !Utf8.IsValid(cell))
            throw new DatasetFormatException("The text is not valid UTF-8.", row, Name);
        if (_texts is null && code < 0)
        {
            if (Levels.Count >= ColumnarFormat.MaxLevels || !_dictionaries.Take(cell.Length + 40))
                Overflow(at);
            else
                code = Levels.Add(cell, hash);
        }
        if (_texts is not null)
        {
            _texts.Add(cell);
            Sketch.AddText(1, cell.Length, cell.Contains((byte)' '), hash);
            return;
        }
        Levels.Rows[code]++;
        Room(ref _codes, at) = code;
    }

    /// <summary>Too many different texts: from this group on they are stored one by one.</summary>
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

    /// <summary>Chooses the content by the cells that wait, then takes them.</summary>
    private void Decide(long firstRow)
    {
        var waiting = _waiting!;
        var (numbers, booleans, dates, any) = (true, true, true, false);
        for (var i = 0; i < waiting.Count && (numbers || booleans || dates); i++)
        {
            var cell = CellText.Trim(waiting[i]);
            if (CellText.IsMissing(cell))
                continue;
            any = true;
            numbers = numbers && CellText.Number(cell, out _) is NumberShape.Integer or NumberShape.Decimal;
            booleans = booleans && CellText.Boolean(cell, out _);
            dates = dates && DateText.TryParse(cell, out _);
        }
        if (!any)
            return;
        var count = _count;
        Become(numbers ? Content.Numbers : booleans ? Content.Booleans : dates ? Content.Dates : Content.Texts);
        _count = 0;
        for (var i = 0; i < waiting.Count; i++)
            Append(waiting[i], i, firstRow + i);
        _count = count;
    }

    private void Become(Content content)
    {
        Content = content;
        _waiting = null;
        _count = 0;
    }

    private static ref T Room<T>(ref T[] array, int at)
    {
        if (at >= array.Length)
            Array.Resize(ref array, Math.Max(16, at * 2));
        return ref array[at];
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

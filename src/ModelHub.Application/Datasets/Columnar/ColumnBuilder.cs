using System.Text;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>
/// Takes the cells of one column. Its first cells wait as text until <see cref="PatienceRows"/> have been seen; then the column is
/// what they all are. A cell that breaks this later makes the column a text, for which the file is read again
/// (<see cref="NeedsText"/>), so that what is stored is always what was sent.
/// </summary>
internal sealed class ColumnBuilder
{
    public const int PatienceRows = 2048;
    private readonly NumberCells _numbers;
    private readonly TextCells _texts;
    private TextBuffer? _waiting;
    private int _count;

    public ColumnBuilder(string name, ColumnKind? forced, bool asText, bool sparse, int sampleLimit, Allowance dictionaries)
    {
        (Name, Forced, Sparse, _numbers, _texts) = (name, forced, sparse, new NumberCells(sparse), new TextCells(dictionaries));
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

    public LevelDictionary Levels => _texts.Levels;

    /// <summary>A cell came that is no number (date, truth value) after others had been taken for one.</summary>
    public bool NeedsText { get; private set; }

    /// <summary>Row of the first infinite number, 0 for none.</summary>
    public long InfiniteRow { get; private set; }

    /// <summary>Takes a cell of row <paramref name="at"/> of the group; <paramref name="row"/> is its 1-based number in the file.</summary>
    public void Append(ReadOnlySpan<byte> cell, int at, long row)
    {
        Reach(at);
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
        Reach(at);
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
        _count = 0;
        return Content switch
        {
            Content.None => Nothing(rows),
            Content.Texts => _texts.TakeChunk(rows),
            _ => _numbers.TakeChunk(rows, Sketch),
        };
    }

    /// <summary>Called once, after the last chunk.</summary>
    public void Finish() => _texts.Count(Sketch);

    private (ChunkEncoding Encoding, byte[] Bytes) Nothing(int rows)
    {
        Sketch.AddMissing(rows);
        _waiting = new TextBuffer();
        return (ChunkEncoding.Empty, []);
    }

    private void Pad(int to)
    {
        for (; _count < to && !Sparse; _count++)
        {
            if (Content == Content.None)
                _waiting!.AddMissing();
            else if (Content == Content.Texts)
                _texts.AddMissing(_count);
            else
                _numbers.Set(_count, double.NaN);
            Sketch.AddMissing(Content == Content.Texts ? 1 : 0);
        }
        _count = to;
    }

    /// <summary>What was left out before a row is missing.</summary>
    private void Reach(int at)
    {
        if (_count < at)
            Pad(at);
        _count = at + 1;
    }

    private void AppendHeld(double value, int at)
    {
        Reach(at);
        _numbers.Set(at, value);
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
        _numbers.Set(at, value);
    }

    private void AppendOther(ReadOnlySpan<byte> cell, int at, long row)
    {
        double value;
        var fits = Content == Content.Dates ? DateText.TryParse(cell, out value)
            : Forced is null ? CellText.Boolean(cell, out value) : CellText.AnyBoolean(cell, out value);
        if (!fits && !CellText.IsMissing(cell))
            Conflict(cell, row, Content == Content.Dates ? "a date (yyyy-MM-dd or yyyy/MM/dd, with or without a time)" : "true or false");
        _numbers.Set(at, fits ? value : double.NaN);
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
        _numbers.Set(_count - 1, double.NaN);
    }

    private void AppendText(ReadOnlySpan<byte> cell, int at, long row)
    {
        if (CellText.IsMissing(CellText.Trim(cell)))
        {
            _texts.AddMissing(at);
            Sketch.AddMissing(1);
            return;
        }
        if (!_texts.TryAdd(cell, at, Sketch))
            throw new DatasetFormatException(cell.Contains((byte)0) ? "The text has a null character." : "The text is not valid UTF-8.", row, Name);
    }

    /// <summary>Chooses the content by the cells that wait, then takes them.</summary>
    private void Decide(long firstRow)
    {
        var waiting = _waiting!;
        var content = ContentGuess.Of(waiting);
        if (content == Content.None)
            return;
        var count = _count;
        Become(content);
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
}

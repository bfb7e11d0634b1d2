using System.Text;
using ModelHub.Application.Datasets.Columnar;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>
/// CSV as in RFC 4180, with any line end, and , ; tab or | between cells. A quote inside an unquoted cell is a plain character; blank
/// lines are skipped (in a table of one column they are missing cells).
/// </summary>
internal sealed class CsvReader(BoundedSource source, TableSink sink, ReadOptions options, RowExtras extras)
{
    private readonly Window _window = new(source, options.Limits.MaxCellBytes);
    private int[] _starts = new int[64];
    private int[] _lengths = new int[64];
    private bool[] _doubled = new bool[64];
    private bool _anyDoubled;
    private byte _delimiter;
    private int _count;
    private int _columns = -1;
    private int _first = int.MaxValue;

    public void Run()
    {
        _window.Start();
        _delimiter = (byte)(options.Delimiter ?? CsvSniffer.Delimiter(_window.Rest));
        if (_delimiter is not ((byte)',' or (byte)';' or (byte)'\t' or (byte)'|'))
            throw new DatasetFormatException("The delimiter may be , ; tab or |.");
        if (!Next())
            throw new DatasetFormatException("There are no rows of data.");
        if (Header())
        {
            if (!Next())
                throw new DatasetFormatException("There is a header, but there are no rows of data.");
        }
        do
            Row();
        while (Next());
    }

    private bool Header()
    {
        var first = new string[_count];
        for (var i = 0; i < _count; i++)
            first[i] = Encoding.UTF8.GetString(CellText.Trim(Cell(i)));
        var named = options.HasHeader ?? CsvSniffer.IsHeader(first, options.Expected);
        _columns = _count;
        var names = named ? first : CsvSniffer.NamesFor(_count, options);
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0)
                throw new DatasetFormatException($"Column {i + 1} has no name in the header.");
            if (names[i].Contains('\uFFFD', StringComparison.Ordinal))
                throw new DatasetFormatException($"The name of column {i + 1} is not valid UTF-8.");
            _first = Math.Min(_first, sink.AddColumn(names[i]));
        }
        return named;
    }

    private void Row()
    {
        if (_count != _columns)
        {
            throw new DatasetFormatException(
                $"The row has {_count} {(_count == 1 ? "cell" : "cells")}, {_columns} are expected.", sink.RowCount + 1);
        }
        for (var i = 0; i < _count; i++)
            sink.Cell(_first + i, Cell(i));
        extras.Apply(sink.RowCount + 1);
        sink.EndRow();
    }

    private ReadOnlySpan<byte> Cell(int at)
    {
        var cell = _window.Bytes.AsSpan(_starts[at], _lengths[at]);
        if (!_anyDoubled || !_doubled[at])
            return cell;
        // "" stands for one quote: the bytes are moved together where they lie.
        var kept = 0;
        for (var i = 0; i < cell.Length; i++)
        {
            cell[kept++] = cell[i];
            i += cell[i] == '"' ? 1 : 0;
        }
        _doubled[at] = false;
        _lengths[at] = kept;
        return cell[..kept];
    }

    /// <summary>Finds the cells of the next row; false at the end.</summary>
    private bool Next()
    {
        while (true)
        {
            var next = Scan(out var openQuote);
            if (next < 0)
            {
                if (_window.IsLast && openQuote)
                    throw new DatasetFormatException("A quote is opened and never closed.", RowNumber, ColumnName(_count));
                if (!_window.More())
                {
                    var what = openQuote ? "A quote is opened and not closed" : "There is no line end";
                    throw new DatasetFormatException($"{what} within {_window.Bytes.Length} bytes.", RowNumber, ColumnName(_count));
                }
                continue;
            }
            var blank = _count == 1 && _lengths[0] == 0 && _columns != 1;
            var end = _window.At == _window.End && _window.IsLast;
            _window.At = next;
            if (end)
                return false;
            if (!blank)
                return true;
        }
    }

    private long? RowNumber => _columns < 0 ? null : sink.RowCount + 1;

    private string? ColumnName(int at) => _columns >= 0 && _first + at < sink.Columns.Count ? sink.Columns[_first + at].Name : null;

    /// <summary>Where the row after the one at the window's beginning starts, -1 when more bytes are needed.</summary>
    private int Scan(out bool openQuote)
    {
        openQuote = false;
        _count = 0;
        _anyDoubled = false;
        var bytes = _window.Bytes;
        var end = _window.End;
        var at = _window.At;
        var delimiter = _delimiter;
        while (true)
        {
            if (_count == _starts.Length)
                Widen();
            int stop;
            if (at < end && bytes[at] == '"')
            {
                stop = Quoted(at, out openQuote);
                if (stop < 0)
                    return -1;
            }
            else
            {
                var length = bytes.AsSpan(at, end - at).IndexOfAny(delimiter, (byte)'\n', (byte)'\r');
                stop = length < 0 ? end : at + length;
                _starts[_count] = at;
                _lengths[_count] = stop - at;
                _doubled[_count] = false;
            }
            if (stop == end)
            {
                if (!_window.IsLast)
                    return -1;
                _count++;
                return end;
            }
            _count++;
            var c = bytes[stop];
            at = stop + 1;
            if (c == delimiter)
                continue;
            if (c == '\n')
                return at;
            if (at == end && !_window.IsLast)
            {
                _count--;
                return -1;
            }
            return at < end && bytes[at] == '\n' ? at + 1 : at;
        }
    }

    /// <summary>Notes a cell in quotes; the place behind it, or -1 when its end is not in the window.</summary>
    private int Quoted(int at, out bool open)
    {
        var bytes = _window.Bytes;
        var end = _window.End;
        var doubled = false;
        var to = at + 1;
        open = false;
        while (true)
        {
            var quote = bytes.AsSpan(to, end - to).IndexOf((byte)'"');
            if (quote < 0)
            {
                open = true;
                return -1;
            }
            to += quote;
            if (to + 1 == end && !_window.IsLast)
                return -1;
            if (to + 1 == end || bytes[to + 1] != '"')
                break;
            doubled = true;
            to += 2;
        }
        _starts[_count] = at + 1;
        _lengths[_count] = to - at - 1;
        _doubled[_count] = doubled;
        _anyDoubled |= doubled;
        if (++to < end && bytes[to] != _delimiter && bytes[to] is not ((byte)'\n' or (byte)'\r'))
            throw new DatasetFormatException("There is text after a closing quote.", RowNumber, ColumnName(_count));
        return to;
    }

    private void Widen()
    {
        if (_count >= options.Limits.MaxColumns)
            throw new DatasetFormatException($"There are more than {options.Limits.MaxColumns} columns.", RowNumber);
        Array.Resize(ref _starts, _count * 2);
        Array.Resize(ref _lengths, _count * 2);
        Array.Resize(ref _doubled, _count * 2);
    }
}

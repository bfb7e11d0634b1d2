using System.Runtime.InteropServices;
using System.Text.Unicode;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>
/// CSV (RFC 4180, any line end, , ; tab or | between cells, a header) from blocks of whole rows straight into features. Blank lines are
/// skipped, but in a table of one column.
/// </summary>
internal sealed class CsvRows(LoadedModel model, RowColumns columns) : IRowFormat
{
    private const int LongestKnown = 64 << 10;

    /// <summary>Looked at in one go for the end of rows: what lies behind the last that is wanted was looked at in vain.</summary>
    private const int ScanBytes = 32 << 10;
    private CsvCells _cells;

    public int ReadHead(ReadOnlySpan<byte> start, bool isAll)
    {
        if (columns.KeepsNothing && model.LastHeader is { } known && start.StartsWith(known.Bytes))
        {
            _cells = new CsvCells(known.Delimiter);
            columns.Take(known.Columns);
            return known.Bytes.Length;
        }
        var bom = start.StartsWith("\uFEFF"u8) ? 3 : 0;
        var text = start[bom..];
        _cells = new CsvCells((byte)CsvSniffer.Delimiter(text));
        var names = new List<byte[]>();
        var at = bom + SkipBlank(text);
        if (at == start.Length)
            return isAll ? throw new RowRefusal(null, null, "There is no header.") : -1;
        while (true)
        {
            var cell = _cells.Next(start, at, out var next, out var ended, isAll);
            if (next < 0)
                return -1;
            names.Add(CellText.Trim(cell).ToArray());
            if (names.Count > RowColumns.Most)
                throw new RowRefusal(null, null, $"There are more than {RowColumns.Most} columns.");
            at = next;
            if (ended)
                break;
        }
        columns.AddAll(names);
        if (columns.KeepsNothing && at < LongestKnown && start[at - 1] == '\n')
            model.LastHeader = new KnownHeader(start[..at].ToArray(), _cells.Delimiter, columns.Now.ToArray());
        return at;
    }

    public int LastBoundary(ReadOnlySpan<byte> bytes, int mostRows, ref ScanState state)
    {
        var boundary = -1;
        state.IsFull = false;
        var at = state.At;
        while (at < bytes.Length)
        {
            if (state.InText)
            {
                var quote = bytes[at..].IndexOf((byte)'"');
                if (quote < 0)
                    break;
                at += quote;
                if (at + 1 == bytes.Length) // one quote or two: the next byte will tell
                {
                    state.At = at;
                    return boundary;
                }
                state.InText = bytes[at + 1] == '"';
                at += state.InText ? 2 : 1;
                continue;
            }
            var next = bytes.Slice(at, Math.Min(bytes.Length - at, ScanBytes));
            var open = next.IndexOf((byte)'"');
            var plain = open < 0 ? next : next[..open];
            var lines = plain.Count((byte)'\n');
            if (lines > mostRows)
            {
                var end = Lines(plain, ref mostRows);
                if (end > 0)
                    boundary = at + end;
                if (mostRows == 0)
                {
                    (state.At, state.IsFull) = (boundary, true);
                    return boundary;
                }
            }
            else if (lines > 0)
            {
                mostRows -= lines;
                boundary = at + plain.LastIndexOf((byte)'\n') + 1;
            }
            at += plain.Length;
            if (open < 0)
                continue;
            at++;
            // Elsewhere than at the start of a cell a quote is a plain character.
            state.InText = at == 1 || bytes[at - 2] == _cells.Delimiter || bytes[at - 2] is (byte)'\n' or (byte)'\r';
        }
        state.At = bytes.Length;
        return boundary;
    }

    /// <summary>The end of as many lines as are left; those that are blank are no rows, except in a table of one column.</summary>
    private int Lines(ReadOnlySpan<byte> plain, ref int left)
    {
        var at = 0;
        while (left > 0 && plain[at..].IndexOf((byte)'\n') is >= 0 and var length)
        {
            at += length + 1;
            left--;
            if (columns.Now.Length > 1)
                at += SkipBlank(plain[at..]);
        }
        return at;
    }

    public void RequireEnd()
    {
    }

    public int Parse(ReadOnlySpan<byte> rows, RowBlock block, bool isFirst)
    {
        var all = columns.Now;
        var stops = new CellStops(rows, _cells.Delimiter);
        var at = 0;
        while ((at = NextRow(rows, at, all.Length)) < rows.Length)
        {
            if (block.Count == block.MostRows)
                return at;
            var features = block.StartRow();
            var column = 0;
            for (var ended = false; !ended; column++)
            {
                var own = column < all.Length ? all[column] : null;
                var from = at;
                ReadOnlySpan<byte> cell;
                if (at < rows.Length && rows[at] == '"')
                {
                    cell = _cells.Quoted(rows, at, out at, out ended, true, block.Count);
                }
                else
                {
                    cell = rows[at..stops.Next(at)];
                    ended = at + cell.Length == rows.Length;
                    at = ended ? rows.Length : _cells.Behind(rows, at + cell.Length, out ended);
                    if (own is { Feature: >= 0 and var feature } && from + PlainDecimal.Reach <= rows.Length
                        && PlainDecimal.TryRead(ref MemoryMarshal.GetReference(rows[from..]), cell.Length, out var number))
                    {
                        features[feature] = (float)number;
                        if (own.IsKept)
                            block.Keep(column, cell, CellKind.Untyped);
                        continue;
                    }
                }
                if (own is null && column == RowColumns.Most)
                    throw new RowRefusal(block.Count, null, $"The row has more than {RowColumns.Most} cells, {all.Length} are expected.");
                if (own is null)
                    continue;
                if (own.Input >= 0)
                    CellWriter.Set(block.Model.Trained!, block.Row!, own.Input, cell);
                if (own.IsKept)
                    Keep(block, column, own, cell);
            }
            if (column != all.Length)
                throw new RowRefusal(block.Count, null, $"The row has {column} {(column == 1 ? "cell" : "cells")}, {all.Length} are expected.");
            block.EndRow();
        }
        return rows.Length;
    }

    /// <summary>Past the second half of the line end before, and past blank lines.</summary>
    private static int NextRow(ReadOnlySpan<byte> rows, int at, int columns) => columns > 1
        ? at + SkipBlank(rows[at..])
        : at > 0 && at < rows.Length && rows[at] == '\n' && rows[at - 1] == '\r' ? at + 1 : at;

    private static void Keep(RowBlock block, int column, RowColumn own, ReadOnlySpan<byte> cell)
    {
        if (!Utf8.IsValid(cell))
            throw new RowRefusal(block.Count, own.Name, "The text is not valid UTF-8.");
        var isMissing = cell.Length == 0 || block.Model.Trained is null && CellText.IsMissing(CellText.Trim(cell));
        block.Keep(column, cell, isMissing ? CellKind.Missing : CellKind.Untyped);
    }

    /// <summary>Many at a time: a few packed bytes can be megabytes of them.</summary>
    private static int SkipBlank(ReadOnlySpan<byte> text)
    {
        var length = text.IndexOfAnyExcept((byte)'\n', (byte)'\r');
        return length < 0 ? text.Length : length;
    }
}

/// <summary>A header that was read before: its bytes with the line end, and what they mean to the model.</summary>
internal sealed record KnownHeader(byte[] Bytes, byte Delimiter, RowColumn[] Columns);

namespace ModelHub.Application.Scoring;

/// <summary>Finds cells in CSV text: plain ones up to a delimiter or line end, quoted ones up to their closing quote.</summary>
internal readonly struct CsvCells(byte delimiter)
{
    public byte Delimiter { get; } = delimiter;

    /// <summary>The cell at a place, the place behind it and its delimiter or line end; -1 when its end is not there yet.</summary>
    public ReadOnlySpan<byte> Next(ReadOnlySpan<byte> text, int at, out int next, out bool ended, bool isAll, int? row = null)
    {
        if (at < text.Length && text[at] == '"')
            return Quoted(text, at, out next, out ended, isAll, row);
        var rest = text[at..];
        var length = rest.IndexOfAny(Delimiter, (byte)'\n', (byte)'\r');
        if (length < 0)
        {
            ended = true;
            next = isAll ? text.Length : -1;
            return rest;
        }
        next = Behind(text, at + length, out ended);
        return rest[..length];
    }

    /// <summary>The same for a cell that begins with a quote; what is doubled inside is single in what comes back.</summary>
    public ReadOnlySpan<byte> Quoted(ReadOnlySpan<byte> text, int at, out int next, out bool ended, bool isAll, int? row)
    {
        var to = at + 1;
        var doubled = false;
        while (true)
        {
            var quote = text[to..].IndexOf((byte)'"');
            if (quote < 0 || to + quote + 1 == text.Length && !isAll)
            {
                if (isAll)
                    throw new RowRefusal(row, null, "A quote is opened and never closed.");
                (next, ended) = (-1, false);
                return [];
            }
            to += quote + 1;
            if (to == text.Length || text[to] != '"')
                break;
            doubled = true;
            to++;
        }
        var cell = text[(at + 1)..(to - 1)];
        if (to < text.Length && text[to] != Delimiter && text[to] is not ((byte)'\n' or (byte)'\r'))
            throw new RowRefusal(row, null, "There is text after a closing quote.");
        ended = to == text.Length;
        next = ended ? to : Behind(text, to, out ended);
        return doubled ? Undoubled(cell) : cell;
    }

    /// <summary>The place behind a delimiter or line end.</summary>
    public int Behind(ReadOnlySpan<byte> text, int stop, out bool ended)
    {
        ended = text[stop] != Delimiter;
        return ended && text[stop] == '\r' && stop + 1 < text.Length && text[stop + 1] == '\n' ? stop + 2 : stop + 1;
    }

    private static byte[] Undoubled(ReadOnlySpan<byte> cell)
    {
        var kept = new byte[cell.Length];
        var count = 0;
        for (var i = 0; i < cell.Length; i++)
        {
            kept[count++] = cell[i];
            i += cell[i] == '"' ? 1 : 0;
        }
        return kept[..count];
    }
}

using System.Text;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>What a CSV does not say about itself.</summary>
internal static class CsvSniffer
{
    private const int LookBytes = 64 << 10;
    private const int LookLines = 20;

    /// <summary>The delimiter that splits the first lines into the same number of cells; the most cells win, then the order , ; tab |.</summary>
    public static char Delimiter(ReadOnlySpan<byte> start)
    {
        var best = (Delimiter: ',', Even: false, Cells: 1);
        foreach (var candidate in ",;\t|")
        {
            var (cells, even) = Count(start[..Math.Min(start.Length, LookBytes)], (byte)candidate);
            if (cells > 1 && ((even && !best.Even) || (even == best.Even && cells > best.Cells)))
                best = (candidate, even, cells);
        }
        return best.Delimiter;
    }

    /// <summary>
    /// Names known from the training table are a header. Else a first row is taken for names when all its cells are there, differ, and
    /// none is a number.
    /// </summary>
    public static bool IsHeader(string[] first, IReadOnlyList<ColumnExpectation>? expected)
    {
        if (expected is not null && first.Count(name => expected.Any(e => e.Name == name)) * 2 >= first.Length)
            return true;
        return first.Distinct(StringComparer.Ordinal).Count() == first.Length
            && first.All(name => !CellText.IsMissing(Encoding.UTF8.GetBytes(name))
                && CellText.Number(Encoding.UTF8.GetBytes(name), out _) == NumberShape.None);
    }

    /// <summary>Names of a table without header: those of the training table in order, else f1, f2, ...</summary>
    public static string[] NamesFor(int count, ReadOptions options)
    {
        if (options.Expected is not { } expected)
        {
            var names = new string[Math.Min(count, options.Limits.MaxColumns + 1)];
            for (var i = 0; i < names.Length; i++)
                names[i] = $"f{i + 1}";
            return names;
        }
        if (count == expected.Count)
            return [.. expected.Select(e => e.Name)];
        var without = expected.Where(e => e.Name != options.LabelColumn).Select(e => e.Name).ToArray();
        return count == without.Length ? without : throw new DatasetFormatException(
            $"The file has {count} columns and no header; the training data has {expected.Count}.");
    }

    private static (int Cells, bool Even) Count(ReadOnlySpan<byte> text, byte delimiter)
    {
        var (first, cells, lines) = (0, 1, 0);
        var (even, quoted, used) = (true, false, false);
        foreach (var c in text)
        {
            if (c == '"')
                quoted = !quoted;
            used |= c is not ((byte)'\r' or (byte)'\n');
            if (quoted)
                continue;
            if (c == delimiter)
                cells++;
            if (c is not ((byte)'\n' or (byte)'\r') || !used)
                continue;
            even = lines == 0 || (even && cells == first);
            first = lines == 0 ? cells : first;
            (cells, used) = (1, false);
            if (++lines == LookLines)
                break;
        }
        return lines == 0 ? (cells, true) : (first, even);
    }
}

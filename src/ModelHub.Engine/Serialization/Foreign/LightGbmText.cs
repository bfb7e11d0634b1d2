using System.Globalization;
using System.Text;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>The lines of a LightGBM file by section: name=value, or a name alone.</summary>
internal sealed class LightGbmText
{
    public Dictionary<string, object?> Head { get; } = new(StringComparer.Ordinal);

    public List<Dictionary<string, object?>> Trees { get; } = [];

    /// <summary>JSON: a list of levels per column of categories; null when the file says nothing.</summary>
    public string? PandasCategories { get; private set; }

    /// <exception cref="EngineException">It is no such file, or breaks off.</exception>
    public static LightGbmText Read(ReadOnlySpan<byte> bytes)
    {
        var text = new LightGbmText();
        var section = text.Head;
        var ended = false;
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf((byte)'\n');
            var line = Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]).TrimEnd('\r');
            bytes = end < 0 ? [] : bytes[(end + 1)..];
            if (line == "end of trees")
                ended = true;
            else if (line.StartsWith("pandas_categorical:", StringComparison.Ordinal))
                text.PandasCategories = line["pandas_categorical:".Length..] is "null" ? null : line["pandas_categorical:".Length..];
            else if (ended || line.Length == 0)
                continue;
            else if (line.StartsWith("Tree=", StringComparison.Ordinal))
                text.Trees.Add(section = new(StringComparer.Ordinal));
            else if (line.IndexOf('=') is > 0 and var at)
                section[line[..at]] = line[(at + 1)..];
            else
                section[line] = "";
        }
        return ended ? text : throw new EngineException("The file breaks off before 'end of trees'.");
    }

    /// <summary>Numbers of a line, divided by blanks; none when the line is missing.</summary>
    public static double[] Numbers(Dictionary<string, object?> section, string name)
    {
        var text = section.Text(name);
        if (string.IsNullOrWhiteSpace(text))
            return [];
        var numbers = new List<double>();
        foreach (var part in text.AsSpan().Split(' '))
        {
            if (part.Start.Value == part.End.Value)
                continue;
            if (!double.TryParse(text.AsSpan(part), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                throw new EngineException($"'{name}' holds something else than numbers.");
            numbers.Add(number);
        }
        return [.. numbers];
    }
}

using System.Text;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// What a file's end says of its columns, looked at before a process reads it: DuckDB works for a minute on thirty thousand columns, or on ten thousand
/// groups in one another, and then they are refused. Whatever is not understood here is left to it.
/// </summary>
internal static class ParquetSchema
{
    /// <summary>Why the file will be refused; null when nothing is known against it.</summary>
    public static string? Refusal(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return Refusal(new ThriftReader(ParquetEnd.Read(file).Footer));
        }
        catch (Exception broken) when (broken is IndexOutOfRangeException or ArgumentOutOfRangeException or InvalidDataException)
        {
            return null; // the reader says what is wrong with it
        }
    }

    public static string TooMany(int columns) => $"it has {columns} columns; 1 to {ParquetEnd.MostColumns} are read.";

    public static string NotFlat(string name) => $"the column '{DatasetFormatException.Shortened(name)}' holds lists or structures; only flat columns are read.";

    /// <summary>FileMetaData: its second field is the list of the schema's elements, the root first, groups before what is in them.</summary>
    private static string? Refusal(ThriftReader reader)
    {
        var field = 0;
        while (reader.Field(ref field, out var type) && field != 2)
            reader.Skip(type);
        if (field != 2)
            return null;
        var count = reader.Count();
        if (count - 1 > ParquetEnd.MostColumns)
            return TooMany(count - 1);
        for (var e = 0; e < count; e++)
        {
            if (Group(ref reader) is { } name && e > 0)
                return NotFlat(name);
        }
        return null;
    }

    /// <summary>Passes over an element; its name when it is a group.</summary>
    private static string? Group(ref ThriftReader reader)
    {
        var (name, children) = ("", 0L);
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            if (field == 4 && type == ThriftReader.Text)
                name = Encoding.UTF8.GetString(reader.Bytes());
            else if (field == 5 && type == ThriftReader.Int32)
                children = reader.Integer();
            else
                reader.Skip(type);
        }
        return children > 0 ? name : null;
    }
}

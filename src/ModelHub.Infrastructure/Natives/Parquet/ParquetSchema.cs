using System.Buffers.Binary;
using System.Text;
using ModelHub.Application.Datasets.Formats;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// What a file's end says of its columns, looked at before a process reads it: DuckDB works for a minute on thirty thousand columns, or on ten thousand
/// groups in one another, and then they are refused. Whatever is not understood here is left to it.
/// </summary>
internal static class ParquetSchema
{
    public const int MostColumns = 20_000;

    private const int MostBytes = 64 << 20;

    /// <summary>Why the file will be refused; null when nothing is known against it.</summary>
    public static string? Refusal(string path)
    {
        try
        {
            return Refusal(new ThriftReader(Footer(path)));
        }
        catch (Exception broken) when (broken is IndexOutOfRangeException or ArgumentOutOfRangeException or InvalidDataException)
        {
            return null; // the reader says what is wrong with it
        }
    }

    public static string TooMany(int columns) => $"it has {columns} columns; 1 to {MostColumns} are read.";

    public static string NotFlat(string name) => $"the column '{DatasetFormatException.Shortened(name)}' holds lists or structures; only flat columns are read.";

    private static byte[] Footer(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> end = stackalloc byte[8];
        if (file.Length < 12)
            return [];
        file.Seek(-8, SeekOrigin.End);
        file.ReadExactly(end);
        var length = BinaryPrimitives.ReadInt32LittleEndian(end);
        if (!end[4..].SequenceEqual("PAR1"u8) || length is < 0 or > MostBytes || length > file.Length - 12)
            return [];
        file.Seek(-8 - length, SeekOrigin.End);
        var footer = new byte[length];
        file.ReadExactly(footer);
        return footer;
    }

    /// <summary>FileMetaData: its second field is the list of the schema's elements, the root first, groups before what is in them.</summary>
    private static string? Refusal(ThriftReader reader)
    {
        var field = 0;
        while (reader.Field(ref field, out var type) && field != 2)
            reader.Skip(type);
        if (field != 2)
            return null;
        var count = reader.Count();
        if (count - 1 > MostColumns)
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

/// <summary>Thrift's compact form (its specification: thrift-compact-protocol.md), as much of it as passing over what is not of interest takes.</summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    public const int Int32 = 5;
    public const int Text = 8;

    private const int MostNested = 32;
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>The next field of a structure; false at its end.</summary>
    /// <param name="field">In: the number of the field before it.</param>
    public bool Field(ref int field, out int type)
    {
        var head = _bytes[_at++];
        type = head & 15;
        if (head == 0)
            return false;
        field = head >> 4 is > 0 and var more ? field + more : (int)Integer();
        return true;
    }

    public long Integer()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public ReadOnlySpan<byte> Bytes()
    {
        var length = (int)Math.Min(int.MaxValue, Varint());
        var bytes = _bytes.Slice(_at, length);
        _at += bytes.Length;
        return bytes;
    }

    /// <summary>Of a list of structures.</summary>
    public int Count() => List() is (12, var count) ? count : throw new InvalidDataException();

    public void Skip(int type) => Skip(type, 0);

    private void Skip(int type, int depth)
    {
        if (depth > MostNested)
            throw new InvalidDataException();
        switch (type)
        {
            case 1 or 2: // true and false: the type says it
                break;
            case 3:
                _at++;
                break;
            case 4 or Int32 or 6:
                Varint();
                break;
            case 7:
                _at += 8;
                break;
            case Text:
                Bytes();
                break;
            case 9 or 10:
                var (of, count) = List();
                for (var i = 0; i < count; i++)
                    SkipItem(of, depth + 1);
                break;
            case 12:
                for (var field = 0; Field(ref field, out var inner);)
                    Skip(inner, depth + 1);
                break;
            default: // maps are in no footer
                throw new InvalidDataException();
        }
    }

    /// <summary>In a list, truth values take a byte.</summary>
    private void SkipItem(int type, int depth)
    {
        if (_at >= _bytes.Length)
            throw new InvalidDataException();
        Skip(type is 1 or 2 ? 3 : type, depth);
    }

    private (int Type, int Count) List()
    {
        var head = _bytes[_at++];
        return (head & 15, head >> 4 is < 15 and var count ? count : (int)Math.Min(int.MaxValue, Varint()));
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = _bytes[_at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw new InvalidDataException();
    }
}

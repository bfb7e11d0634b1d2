using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ModelHub.Application.Parquet;

/// <summary>How the values of a column lie in its pages.</summary>
internal enum Stored
{
    /// <summary>As the cells do.</summary>
    Same,

    /// <summary>A bit each.</summary>
    Bits,

    /// <summary>int32 of what are whole numbers.</summary>
    Int32,

    /// <summary>uint32 of the same.</summary>
    UInt32,

    /// <summary>int64: milliseconds.</summary>
    Millis,

    /// <summary>int64: nanoseconds.</summary>
    Nanos,

    /// <summary>int32 of the length, then UTF-8.</summary>
    Text,
}

/// <param name="IsOptional">Whether cells may be missing.</param>
internal sealed record StoredColumn(TypedColumn Column, Stored Stored, bool IsOptional)
{
    /// <summary>Bytes of a value in a page; 0 for those of no width.</summary>
    public int Width => Stored switch
    {
        Stored.Same => Column.Width,
        Stored.Int32 or Stored.UInt32 => 4,
        Stored.Millis or Stored.Nanos => 8,
        Stored.Bits or Stored.Text => 0,
    };
}

/// <summary>How pages are packed, with the numbers of parquet.thrift's CompressionCodec.</summary>
internal enum Packing
{
    None = 0,
    Snappy = 1,
    Zstandard = 6,
}

/// <summary>Where a column's pages lie in one row group.</summary>
internal readonly record struct StoredChunk(long Start, long End, Packing Packing);

internal sealed record StoredGroup(int Rows, StoredChunk[] Chunks);

/// <summary>
/// What stands at the end of a Parquet file (parquet.thrift: FileMetaData), if it is a file of the plain kind: flat columns of common types, packed as
/// most programs do unless they are told otherwise.
/// </summary>
internal sealed record ParquetFooter(StoredColumn[] Columns, StoredGroup[] Groups)
{
    /// <summary>Chunks of all columns and groups.</summary>
    private const int MostChunks = 1 << 16;

    public long Rows => Groups.Sum(g => (long)g.Rows);

    /// <summary>Null when the file is of another kind, or damaged.</summary>
    public static ParquetFooter? Read(SafeFileHandle file)
    {
        var (footer, start) = ParquetEnd.Read(file);
        return footer.Length == 0 ? null : Parse(new ThriftReader(footer), start);
    }

    private static ParquetFooter? Parse(ThriftReader reader, long end)
    {
        var (columns, groups, rows) = ((StoredColumn[]?)null, (StoredGroup[]?)null, -1L);
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            switch (field)
            {
                case 2 when type == ThriftReader.List:
                    columns = Schema(ref reader);
                    break;
                case 3 when type == ThriftReader.Int64:
                    rows = reader.Integer();
                    break;
                case 4 when type == ThriftReader.List && columns is not null:
                    groups = new StoredGroup[reader.Count()];
                    if ((long)groups.Length * columns.Length > MostChunks)
                        return null;
                    for (var g = 0; g < groups.Length; g++)
                        groups[g] = Group(ref reader, columns, end) is { } group ? group : throw new InvalidDataException();
                    break;
                case 8: // it is encrypted
                    return null;
                default:
                    reader.Skip(type);
                    break;
            }
        }
        if (columns is null || groups is null || columns.Select(c => c.Column.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count() < columns.Length)
            return null;
        var footer = new ParquetFooter(columns, groups);
        return footer.Rows == rows ? footer : null;
    }

    private static StoredColumn[] Schema(ref ThriftReader reader)
    {
        var count = reader.Count();
        if (count - 1 is < 1 or > ParquetEnd.MostColumns || Children(ref reader) != count - 1)
            throw new InvalidDataException();
        var columns = new StoredColumn[count - 1];
        for (var c = 0; c < columns.Length; c++)
            columns[c] = Element(ref reader);
        return columns;
    }

    /// <summary>Of the root, which is all that is asked of it.</summary>
    private static long Children(ref ThriftReader reader)
    {
        var children = 0L;
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            if (field == 5 && type == ThriftReader.Int32)
                children = reader.Integer();
            else
                reader.Skip(type);
        }
        return children;
    }

    /// <summary>SchemaElement of a column.</summary>
    private static StoredColumn Element(ref ThriftReader reader)
    {
        var (stored, repetition, children, converted, logical) = (-1, -1, 0, -1, Meaning.None);
        ReadOnlySpan<byte> name = [];
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            switch (field, type)
            {
                case (1, ThriftReader.Int32):
                    stored = reader.Small();
                    break;
                case (3, ThriftReader.Int32):
                    repetition = reader.Small();
                    break;
                case (4, ThriftReader.Text):
                    name = reader.Bytes();
                    break;
                case (5, ThriftReader.Int32):
                    children = reader.Small();
                    break;
                case (6, ThriftReader.Int32):
                    converted = reader.Small();
                    break;
                case (10, ThriftReader.Structure):
                    logical = ColumnMeanings.Logical(ref reader);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }
        var meaning = logical == Meaning.None ? ColumnMeanings.Converted(converted) : logical;
        if (ColumnMeanings.Of(stored, meaning) is not var (cells, how) || children != 0 || repetition is not (0 or 1) || name.IsEmpty || !System.Text.Unicode.Utf8.IsValid(name))
            throw new InvalidDataException();
        return new StoredColumn(new TypedColumn(Encoding.UTF8.GetString(name), cells), how, repetition == 1);
    }

    private static StoredGroup? Group(ref ThriftReader reader, StoredColumn[] columns, long end)
    {
        var (chunks, rows) = ((StoredChunk[]?)null, -1L);
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            if (field == 1 && type == ThriftReader.List)
            {
                if (reader.Count() != columns.Length)
                    return null;
                chunks = new StoredChunk[columns.Length];
                for (var c = 0; c < chunks.Length; c++)
                    chunks[c] = Chunk(ref reader, columns[c], end);
            }
            else if (field == 3 && type == ThriftReader.Int64)
            {
                rows = reader.Integer();
            }
            else
            {
                reader.Skip(type);
            }
        }
        return chunks is not null && rows is >= 0 and <= int.MaxValue ? new StoredGroup((int)rows, chunks) : null;
    }

    /// <summary>ColumnChunk, and of its ColumnMetaData where the pages are; all else stands in the pages themselves.</summary>
    private static StoredChunk Chunk(ref ThriftReader reader, StoredColumn column, long end)
    {
        var (codec, bytes, data, dictionary) = (-1, -1L, -1L, long.MaxValue);
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            if (field is 1 or 8 or 9) // in another file, or encrypted
                throw new InvalidDataException();
            if (field != 3 || type != ThriftReader.Structure)
            {
                reader.Skip(type);
                continue;
            }
            for (var inner = 0; reader.Field(ref inner, out type);)
            {
                switch (inner, type)
                {
                    case (3, ThriftReader.List):
                        if (reader.Count(ThriftReader.Text) != 1 || !reader.Bytes().SequenceEqual(Encoding.UTF8.GetBytes(column.Column.Name)))
                            throw new InvalidDataException();
                        break;
                    case (4, ThriftReader.Int32):
                        codec = reader.Small();
                        break;
                    case (7, ThriftReader.Int64):
                        bytes = reader.Integer();
                        break;
                    case (9, ThriftReader.Int64):
                        data = reader.Integer();
                        break;
                    case (11, ThriftReader.Int64):
                        dictionary = reader.Integer();
                        break;
                    default:
                        reader.Skip(type);
                        break;
                }
            }
        }
        // Some writers say 0 where there is no dictionary.
        var start = dictionary > 0 ? Math.Min(data, dictionary) : data;
        if (!Enum.IsDefined((Packing)codec) || start < 4 || bytes < 0 || bytes > end - start)
            throw new InvalidDataException();
        return new StoredChunk(start, start + bytes, (Packing)codec);
    }
}

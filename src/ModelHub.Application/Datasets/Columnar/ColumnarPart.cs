using System.Buffers.Binary;
using System.Text;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>One columnar file, open for reading. Not thread-safe: it seeks in its stream.</summary>
internal sealed class ColumnarPart
{
    private readonly Stream _stream;
    private readonly long _dataEnd;

    public ColumnarPart(Stream stream)
    {
        _stream = stream;
        Span<byte> tail = stackalloc byte[ColumnarFormat.TailBytes];
        Span<byte> head = stackalloc byte[ColumnarFormat.HeaderBytes];
        if (stream.Length < tail.Length + head.Length)
            throw Damaged();
        ReadAt(0, head);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != ColumnarFormat.Magic)
            throw new InvalidDataException("This is not a columnar file.");
        var version = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        if (version != ColumnarFormat.Version)
            throw new InvalidDataException($"The columnar file has version {version}; this program reads version {ColumnarFormat.Version}.");
        ReadAt(stream.Length - tail.Length, tail);
        var length = BinaryPrimitives.ReadInt64LittleEndian(tail);
        _dataEnd = stream.Length - tail.Length - length;
        if (BinaryPrimitives.ReadUInt32LittleEndian(tail[16..]) != ColumnarFormat.Magic || length < 0 || _dataEnd < head.Length
            || length > Array.MaxLength)
            throw Damaged();
        var footer = new byte[length];
        ReadAt(_dataEnd, footer);
        if (Chunk.CheckOf(footer) != BinaryPrimitives.ReadUInt64LittleEndian(tail[8..]))
            throw Damaged();
        using var reader = new BinaryReader(new MemoryStream(footer), Encoding.UTF8);
        Groups = new int[reader.ReadInt32()];
        for (var i = 0; i < Groups.Length; i++)
            RowCount += Groups[i] = reader.ReadInt32();
        Columns = new PartColumn[reader.ReadInt32()];
        for (var i = 0; i < Columns.Length; i++)
            Columns[i] = ReadColumn(reader, Groups.Length);
    }

    /// <summary>Rows by group.</summary>
    public int[] Groups { get; }

    public long RowCount { get; }

    public PartColumn[] Columns { get; }

    /// <summary>The bytes of a chunk, checked.</summary>
    public byte[] Read(Chunk chunk)
    {
        if (chunk.Encoding == ChunkEncoding.Empty)
            return [];
        if (chunk.Offset < 0 || chunk.Length < 0 || chunk.Offset + chunk.Length > _dataEnd)
            throw Damaged();
        var bytes = new byte[chunk.Length];
        ReadAt(chunk.Offset, bytes);
        return Chunk.CheckOf(bytes) == chunk.Check ? bytes : throw Damaged();
    }

    private static PartColumn ReadColumn(BinaryReader reader, int groups)
    {
        var name = reader.ReadString();
        var forced = reader.ReadByte();
        var column = new PartColumn(
            name,
            forced == 0 ? null : (ColumnKind)(forced - 1),
            (Content)reader.ReadByte(),
            reader.ReadBoolean(),
            ColumnSketch.Read(reader),
            LevelDictionary.Read(reader),
            new Chunk[groups]);
        for (var g = 0; g < groups; g++)
        {
            var encoding = (ChunkEncoding)reader.ReadByte();
            column.Chunks[g] = encoding == ChunkEncoding.Empty
                ? default
                : new Chunk(encoding, reader.ReadInt64(), reader.ReadInt32(), reader.ReadUInt64());
        }
        return column;
    }

    private void ReadAt(long offset, Span<byte> bytes)
    {
        _stream.Position = offset;
        _stream.ReadExactly(bytes);
    }

    private static InvalidDataException Damaged() => new("The columnar file is damaged.");
}

internal sealed record PartColumn(
    string Name, ColumnKind? Forced, Content Content, bool Sparse, ColumnSketch Sketch, LevelDictionary Levels, Chunk[] Chunks);

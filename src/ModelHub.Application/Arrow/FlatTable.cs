using System.Buffers.Binary;
using System.Text;

namespace ModelHub.Application.Arrow;

/// <summary>
/// A table of a FlatBuffer (google.github.io/flatbuffers): a signed offset back to its layout, which says where each field lies. Every
/// position is checked against the buffer; a field that is not there has its default.
/// </summary>
internal readonly struct FlatTable
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _at;
    private readonly int _layout;
    private readonly int _layoutLength;

    private FlatTable(ReadOnlyMemory<byte> bytes, long at)
    {
        _bytes = bytes;
        _at = Checked(at, 4);
        var layout = _at - (long)BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[_at..]);
        _layout = Checked(layout, 4);
        _layoutLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span[_layout..]);
        if (_layoutLength < 4)
            throw new InvalidDataException("A table's layout is too short.");
        Checked(layout, _layoutLength);
    }

    /// <exception cref="InvalidDataException">An offset leads out of the bytes.</exception>
    public static FlatTable Root(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 8)
            throw new InvalidDataException("The buffer is too short.");
        return new FlatTable(bytes, BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span));
    }

    public bool Flag(int field) => Place(field, 1) is > 0 and var at && _bytes.Span[at] != 0;

    public byte Byte(int field) => Place(field, 1) is > 0 and var at ? _bytes.Span[at] : (byte)0;

    public short Short(int field, short otherwise = 0) =>
        Place(field, 2) is > 0 and var at ? BinaryPrimitives.ReadInt16LittleEndian(_bytes.Span[at..]) : otherwise;

    public int Int(int field) => Place(field, 4) is > 0 and var at ? BinaryPrimitives.ReadInt32LittleEndian(_bytes.Span[at..]) : 0;

    public long Long(int field) => Place(field, 8) is > 0 and var at ? BinaryPrimitives.ReadInt64LittleEndian(_bytes.Span[at..]) : 0;

    public FlatTable? Table(int field) => Target(field) is { } at ? new FlatTable(_bytes, at) : null;

    public string? Text(int field)
    {
        if (Target(field) is not { } at)
            return null;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Span[Checked(at, 4)..]);
        return Encoding.UTF8.GetString(_bytes.Span.Slice(Checked(at + 4, length), (int)length));
    }

    /// <summary>Number of elements of a vector; 0 when it is not there.</summary>
    public int Count(int field, int size)
    {
        if (Target(field) is not { } at)
            return 0;
        var count = BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Span[Checked(at, 4)..]);
        Checked(at + 4, count * (long)size);
        return (int)count;
    }

    /// <summary>A table of a vector of tables.</summary>
    public FlatTable Item(int field, int index)
    {
        var at = Checked(Target(field)!.Value + 4 + 4L * index, 4);
        return new FlatTable(_bytes, at + (long)BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Span[at..]));
    }

    /// <summary>A pair of 64-bit numbers of a vector of such structs.</summary>
    public (long First, long Second) Pair(int field, int index)
    {
        var span = _bytes.Span[Checked(Target(field)!.Value + 4 + 16L * index, 16)..];
        return (BinaryPrimitives.ReadInt64LittleEndian(span), BinaryPrimitives.ReadInt64LittleEndian(span[8..]));
    }

    /// <summary>The offset and the lengths of head and body of a block of a file.</summary>
    public (long Offset, int Head, long Body) Block(int field, int index)
    {
        var span = _bytes.Span[Checked(Target(field)!.Value + 4 + 24L * index, 24)..];
        return (BinaryPrimitives.ReadInt64LittleEndian(span), BinaryPrimitives.ReadInt32LittleEndian(span[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(span[16..]));
    }

    private int Place(int field, int size)
    {
        var slot = 4 + 2 * field;
        if (slot + 2 > _layoutLength)
            return 0;
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(_bytes.Span[(_layout + slot)..]);
        return offset == 0 ? 0 : Checked(_at + (long)offset, size);
    }

    private long? Target(int field) =>
        Place(field, 4) is > 0 and var at ? at + (long)BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Span[at..]) : null;

    private int Checked(long at, long size) =>
        at >= 0 && size >= 0 && at + size <= _bytes.Length ? (int)at : throw new InvalidDataException("An offset leads out of the buffer.");
}

using System.Buffers;
using System.Text;

namespace ModelHub.Application.Parquet;

/// <summary>Thrift's compact form, as much of it as Parquet's descriptions take.</summary>
internal sealed class ThriftWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new(256);
    private readonly Stack<int> _outer = new();
    private int _last;

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public ThriftWriter Integer(int field, int value) => Head(field, 5).Varint(ZigZag(value));

    public ThriftWriter Long(int field, long value) => Head(field, 6).Varint(ZigZag(value));

    public ThriftWriter Text(int field, string value) => Head(field, 8).Bytes(Encoding.UTF8.GetBytes(value));

    public ThriftWriter Integers(int field, params ReadOnlySpan<int> values)
    {
        List(field, 5, values.Length);
        foreach (var value in values)
            Varint(ZigZag(value));
        return this;
    }

    public ThriftWriter Texts(int field, string value)
    {
        List(field, 8, 1);
        return Bytes(Encoding.UTF8.GetBytes(value));
    }

    /// <summary>A list of so many structures, each to be opened with <see cref="Item"/>.</summary>
    public ThriftWriter Structures(int field, int count) => List(field, 12, count);

    public ThriftWriter Open(int field) => Head(field, 12).Item();

    public ThriftWriter Item()
    {
        _outer.Push(_last);
        _last = 0;
        return this;
    }

    public ThriftWriter Close()
    {
        _last = _outer.Count > 0 ? _outer.Pop() : 0;
        return Byte(0);
    }

    private ThriftWriter List(int field, int type, int count)
    {
        Head(field, 9);
        return count < 15 ? Byte((byte)(count << 4 | type)) : Byte((byte)(0xF0 | type)).Varint((ulong)count);
    }

    private ThriftWriter Head(int field, int type)
    {
        Byte((byte)(field - _last << 4 | type));
        _last = field;
        return this;
    }

    private ThriftWriter Bytes(byte[] value)
    {
        Varint((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    private ThriftWriter Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            Byte((byte)(value | 0x80));
        return Byte((byte)value);
    }

    private ThriftWriter Byte(byte value)
    {
        _bytes.Write([value]);
        return this;
    }

    private static ulong ZigZag(long value) => (ulong)(value << 1 ^ value >> 63);
}

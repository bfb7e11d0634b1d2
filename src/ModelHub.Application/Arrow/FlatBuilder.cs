using System.Buffers.Binary;
using System.Text;

namespace ModelHub.Application.Arrow;

/// <summary>
/// Writes a FlatBuffer front to back: a table's fields first say where their children will lie, and the children follow. Offsets in the
/// format only point forwards, which this order gives by itself.
/// </summary>
internal sealed class FlatBuilder
{
    private readonly MemoryStream _bytes = new();

    /// <summary>A field of a table: its bytes in place, or something that follows later and is pointed to.</summary>
    public sealed record Field(int Slot, int Size, Action<byte[]>? Inline, Func<int>? Child);

    public static Field Byte(int slot, byte value) => new(slot, 1, b => b[0] = value, null);

    public static Field Short(int slot, short value) => new(slot, 2, b => BinaryPrimitives.WriteInt16LittleEndian(b, value), null);

    public static Field Int(int slot, int value) => new(slot, 4, b => BinaryPrimitives.WriteInt32LittleEndian(b, value), null);

    public static Field Long(int slot, long value) => new(slot, 8, b => BinaryPrimitives.WriteInt64LittleEndian(b, value), null);

    public static Field Child(int slot, Func<int> write) => new(slot, 4, null, write);

    /// <summary>The buffer with this as its root, padded to eight bytes.</summary>
    public byte[] Finish(Func<int> root)
    {
        Put(new byte[8]);
        var at = root();
        Patch(0, at);
        Align(8, 0);
        return _bytes.ToArray();
    }

    /// <summary>A table with its children; its position.</summary>
    public int Table(params Field[] fields)
    {
        // The layout: its own length, the table's length, an offset per slot; then the table, which begins with the way back.
        var slots = fields.Length == 0 ? 0 : fields.Max(f => f.Slot) + 1;
        var layoutLength = 4 + 2 * slots;
        var places = new int[slots];
        var length = 4;
        foreach (var field in fields.OrderByDescending(f => f.Size))
        {
            length = (length + field.Size - 1) / field.Size * field.Size;
            places[field.Slot] = length;
            length += field.Size;
        }
        Align(8, layoutLength);
        var layout = (int)_bytes.Position;
        Put16((short)layoutLength);
        Put16((short)length);
        foreach (var place in places)
            Put16((short)place);
        var table = (int)_bytes.Position;
        Put(new byte[length]);
        Patch(table, table - layout);
        foreach (var field in fields)
        {
            if (field.Inline is not { } inline)
                continue;
            var value = new byte[field.Size];
            inline(value);
            Write(table + places[field.Slot], value);
        }
        foreach (var field in fields)
        {
            if (field.Child is { } child)
                Patch(table + places[field.Slot], child() - (table + places[field.Slot]));
        }
        return table;
    }

    public int Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Align(4, 0);
        var at = (int)_bytes.Position;
        Put32(utf8.Length);
        Put(utf8);
        Put(new byte[1]);
        return at;
    }

    public int Tables(IReadOnlyList<Func<int>> items)
    {
        Align(4, 0);
        var at = (int)_bytes.Position;
        Put32(items.Count);
        Put(new byte[4 * items.Count]);
        for (var i = 0; i < items.Count; i++)
            Patch(at + 4 + 4 * i, items[i]() - (at + 4 + 4 * i));
        return at;
    }

    /// <summary>A vector of structs made of whole 64-bit numbers.</summary>
    public int Structs(int count, IEnumerable<long> numbers)
    {
        Align(8, 4); // the numbers, not the count, are aligned
        var at = (int)_bytes.Position;
        Put32(count);
        var eight = new byte[8];
        foreach (var number in numbers)
        {
            BinaryPrimitives.WriteInt64LittleEndian(eight, number);
            Put(eight);
        }
        return at;
    }

    private void Align(int size, int ahead)
    {
        while ((_bytes.Position + ahead) % size != 0)
            _bytes.WriteByte(0);
    }

    private void Put(byte[] bytes) => _bytes.Write(bytes);

    private void Put16(short value)
    {
        var two = new byte[2];
        BinaryPrimitives.WriteInt16LittleEndian(two, value);
        Put(two);
    }

    private void Put32(int value)
    {
        var four = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(four, value);
        Put(four);
    }

    private void Patch(int at, int value)
    {
        var four = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(four, value);
        Write(at, four);
    }

    private void Write(int at, byte[] value)
    {
        var end = _bytes.Position;
        _bytes.Position = at;
        _bytes.Write(value);
        _bytes.Position = end;
    }
}

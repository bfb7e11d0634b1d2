using System.Buffers.Binary;
using System.Text;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>Universal Binary JSON (draft 12) as a <see cref="ModelDocument"/>: memory in proportion to the bytes, no length is believed before it fits.</summary>
internal ref struct UbjModelReader
{
    private const int Deepest = 64;
    private ReadOnlySpan<byte> _rest;

    /// <exception cref="EngineException">It is no UBJ, or no object.</exception>
    public static Dictionary<string, object?> Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new UbjModelReader { _rest = bytes };
        return reader.Value(reader.Marker(), 0) as Dictionary<string, object?> ?? throw Broken();
    }

    private static EngineException Broken() => new("The file is no valid UBJ: it breaks off or holds a wrong byte.");

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > _rest.Length)
            throw Broken();
        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private byte Marker()
    {
        while (true)
        {
            var marker = Take(1)[0];
            if (marker != 'N')
                return marker;
        }
    }

    private static int SizeOf(byte type) => type switch
    {
        (byte)'i' or (byte)'U' or (byte)'C' => 1,
        (byte)'I' => 2,
        (byte)'l' or (byte)'d' => 4,
        (byte)'L' or (byte)'D' => 8,
        _ => 0,
    };

    private static double Number(byte type, ReadOnlySpan<byte> bytes) => type switch
    {
        (byte)'i' => (sbyte)bytes[0],
        (byte)'U' or (byte)'C' => bytes[0],
        (byte)'I' => BinaryPrimitives.ReadInt16BigEndian(bytes),
        (byte)'l' => BinaryPrimitives.ReadInt32BigEndian(bytes),
        (byte)'L' => BinaryPrimitives.ReadInt64BigEndian(bytes),
        (byte)'d' => BinaryPrimitives.ReadSingleBigEndian(bytes),
        (byte)'D' => BinaryPrimitives.ReadDoubleBigEndian(bytes),
        _ => throw Broken(),
    };

    private long Length(byte type)
    {
        if (type is not ((byte)'i' or (byte)'U' or (byte)'I' or (byte)'l' or (byte)'L'))
            throw Broken();
        var bytes = Take(SizeOf(type));
        return type == 'L' ? BinaryPrimitives.ReadInt64BigEndian(bytes) : (long)Number(type, bytes);
    }

    private string Text() => Text(Marker());

    private string Text(byte lengthType) => Encoding.UTF8.GetString(Take(Length(lengthType)));

    private object? Value(byte type, int depth)
    {
        if (depth > Deepest)
            throw new EngineException($"The file nests values more than {Deepest} deep.");
        return type switch
        {
            (byte)'{' => Members(depth),
            (byte)'[' => Items(depth),
            (byte)'S' => Text(),
            (byte)'Z' => null,
            (byte)'T' => 1.0,
            (byte)'F' => 0.0,
            _ => Number(type, Take(SizeOf(type))),
        };
    }

    /// <summary>What a container says of itself: the type of its values (0 for each its own) and their count (-1 for up to an end mark).</summary>
    private (byte Type, long Count) Head()
    {
        byte type = 0;
        if (_rest.Length > 0 && _rest[0] == '$')
        {
            Take(1);
            type = Take(1)[0];
            if (_rest.Length == 0 || _rest[0] != '#')
                throw Broken();
        }
        if (_rest.Length == 0 || _rest[0] != '#')
            return (type, -1);
        Take(1);
        var count = Length(Marker());
        // Every value takes a byte at least, or nothing would bound the count.
        if (count < 0 || count > _rest.Length || type is (byte)'Z' or (byte)'T' or (byte)'F' or (byte)'N')
            throw Broken();
        return (type, count);
    }

    private Dictionary<string, object?> Members(int depth)
    {
        var (type, count) = Head();
        var members = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (long i = 0; count < 0 || i < count; i++)
        {
            var mark = Marker();
            if (count < 0 && mark == '}')
                break;
            var name = Text(mark);
            members[name] = Value(type == 0 ? Marker() : type, depth + 1);
        }
        return members;
    }

    private object Items(int depth)
    {
        var (type, count) = Head();
        if (type != 0 && SizeOf(type) is > 0 and var size)
        {
            var bytes = Take(checked(count * size));
            var typed = new double[count];
            for (var i = 0; i < typed.Length; i++)
                typed[i] = Number(type, bytes.Slice(i * size, size));
            return typed;
        }
        var items = new List<object?>();
        for (long i = 0; count < 0 || i < count; i++)
        {
            var mark = type == 0 ? Marker() : type;
            if (count < 0 && mark == ']')
                break;
            items.Add(Value(mark, depth + 1));
        }
        return items.Count > 0 && items.All(item => item is double) ? items.Select(item => (double)item!).ToArray() : items;
    }
}

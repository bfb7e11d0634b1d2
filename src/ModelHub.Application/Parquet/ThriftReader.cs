namespace ModelHub.Application.Parquet;

/// <summary>
/// Thrift's compact form (its specification: thrift-compact-protocol.md), as much of it as Parquet's descriptions take. What runs over the end throws an
/// <see cref="IndexOutOfRangeException"/> or <see cref="ArgumentOutOfRangeException"/>, what is not understood an <see cref="InvalidDataException"/>.
/// </summary>
public ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    public const int True = 1;
    public const int False = 2;
    public const int Byte = 3;
    public const int Int32 = 5;
    public const int Int64 = 6;
    public const int Text = 8;
    public const int List = 9;
    public const int Structure = 12;

    private const int MostNested = 32;
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes that were read.</summary>
    public int At { get; private set; }

    /// <summary>The next field of a structure; false at its end.</summary>
    /// <param name="field">In: the number of the field before it.</param>
    public bool Field(ref int field, out int type)
    {
        var head = _bytes[At++];
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

    /// <summary>An integer that must be in the bounds of an int32.</summary>
    public int Small() => Integer() is >= int.MinValue and <= int.MaxValue and var small ? (int)small : throw new InvalidDataException();

    public int OneByte() => _bytes[At++];

    public ReadOnlySpan<byte> Bytes()
    {
        var length = (int)Math.Min(int.MaxValue, Varint());
        var bytes = _bytes.Slice(At, length);
        At += bytes.Length;
        return bytes;
    }

    /// <summary>Of a list of structures, or of what else is said; each takes a byte at least.</summary>
    public int Count(int of = Structure) => ListHead() is var (type, count) && type == of && count <= _bytes.Length - At ? count : throw new InvalidDataException();

    public void Skip(int type) => Skip(type, 0);

    private void Skip(int type, int depth)
    {
        if (depth > MostNested)
            throw new InvalidDataException();
        switch (type)
        {
            case True or False: // the type says it
                break;
            case Byte:
                At++;
                break;
            case 4 or Int32 or Int64:
                Varint();
                break;
            case 7:
                At += 8;
                break;
            case Text:
                Bytes();
                break;
            case List or 10:
                var (of, count) = ListHead();
                for (var i = 0; i < count; i++)
                    SkipItem(of, depth + 1);
                break;
            case Structure:
                for (var field = 0; Field(ref field, out var inner);)
                    Skip(inner, depth + 1);
                break;
            default: // maps are in no description
                throw new InvalidDataException();
        }
    }

    /// <summary>In a list, truth values take a byte.</summary>
    private void SkipItem(int type, int depth)
    {
        if (At >= _bytes.Length)
            throw new InvalidDataException();
        Skip(type is True or False ? Byte : type, depth);
    }

    private (int Type, int Count) ListHead()
    {
        var head = _bytes[At++];
        return (head & 15, head >> 4 is < 15 and var count ? count : (int)Math.Min(int.MaxValue, Varint()));
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = _bytes[At++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw new InvalidDataException();
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelHub.Application.Parquet;

/// <summary>Unpacks Zstandard (RFC 8878), frames without dictionaries. Checksums are passed over. Not for several threads at once.</summary>
internal sealed class Zstandard
{
    private const uint Magic = 0xFD2FB528;
    private const int MostBlock = 128 << 10;

    private static readonly (uint Base, byte Extra)[] LiteralLengths = Values(0, 16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    private static readonly (uint Base, byte Extra)[] MatchLengths = Values(3, 32, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    private static readonly (uint Base, byte Extra)[] Offsets = [.. Enumerable.Range(0, 32).Select(c => (1U << c, (byte)c))];

    private readonly HuffmanTable _huffman = new();
    private readonly EntropyTable _lengths = new(9);
    private readonly EntropyTable _offsets = new(8);
    private readonly EntropyTable _matches = new(9);
    private readonly byte[] _literals = new byte[MostBlock + BackCopy.Slack];
    private int _length;
    private uint _last;
    private uint _last2;
    private uint _last3;

    [ThreadStatic]
    private static Zstandard? _mine;

    // Section 3.1.1.3.2.2: how often each symbol comes where nothing is said.
    private static ReadOnlySpan<short> UsualLengths =>
        [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1];

    private static ReadOnlySpan<short> UsualMatches =>
    [
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        -1, -1, -1, -1, -1, -1, -1,
    ];

    private static ReadOnlySpan<short> UsualOffsets => [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1];

    /// <summary>Unpacks all into the beginning of <paramref name="to"/>, which has <see cref="BackCopy.Slack"/> bytes more than that is.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged, or are not that many when they are unpacked.</exception>
    public static void Unpack(ReadOnlySpan<byte> from, Span<byte> to)
    {
        try
        {
            (_mine ??= new Zstandard()).Frames(from, to);
        }
        catch (Exception beyond) when (beyond is IndexOutOfRangeException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException();
        }
    }

    /// <summary>Those below <paramref name="simple"/> stand for themselves and what is added; the rest begin where the one before ends.</summary>
    private static (uint, byte)[] Values(uint first, int simple, ReadOnlySpan<byte> extra)
    {
        var values = new (uint, byte)[simple + extra.Length];
        var next = first;
        for (var v = 0; v < values.Length; v++)
        {
            var bits = v < simple ? (byte)0 : extra[v - simple];
            values[v] = (next, bits);
            next += 1U << bits;
        }
        return values;
    }

    private void Frames(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var at = 0;
        while (!from.IsEmpty)
        {
            var magic = BinaryPrimitives.ReadUInt32LittleEndian(from);
            if (magic >> 4 == 0x184D2A5) // to be skipped (section 3.1.2)
                from = from[checked((int)BinaryPrimitives.ReadUInt32LittleEndian(from[4..]) + 8)..];
            else if (magic == Magic)
                Frame(ref from, to, ref at);
            else
                throw new InvalidDataException();
        }
        if (at != to.Length - BackCopy.Slack)
            throw new InvalidDataException();
    }

    /// <summary>Section 3.1.1.</summary>
    private void Frame(ref ReadOnlySpan<byte> from, Span<byte> to, ref int at)
    {
        var flags = from[4];
        var isSingle = (flags & 0x20) != 0;
        var dictionary = 1 << (flags & 3) >> 1;
        var size = (flags >> 6) switch { 0 => isSingle ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        from = from[(isSingle ? 5 : 6)..];
        if ((flags & 8) != 0 || from[..dictionary].ContainsAnyExcept((byte)0))
            throw new InvalidDataException();
        from = from[(dictionary + size)..];
        _huffman.Clear();
        _lengths.Clear();
        _offsets.Clear();
        _matches.Clear();
        (_last, _last2, _last3) = (1, 4, 8);
        var (start, isLast) = (at, false);
        while (!isLast)
        {
            var head = from[0] | from[1] << 8 | from[2] << 16;
            var length = head >> 3;
            isLast = (head & 1) != 0;
            from = from[3..];
            switch (head >> 1 & 3)
            {
                case 0:
                    from[..length].CopyTo(to[at..^BackCopy.Slack]);
                    at += length;
                    break;
                case 1:
                    to[..^BackCopy.Slack].Slice(at, length).Fill(from[0]);
                    at += length;
                    length = 1;
                    break;
                case 2:
                    Block(from[..length], to, start, ref at);
                    break;
                default:
                    throw new InvalidDataException();
            }
            from = from[length..];
        }
        from = from[((flags & 4) != 0 ? 4 : 0)..];
    }

    /// <summary>Section 3.1.1.3.</summary>
    private void Block(ReadOnlySpan<byte> from, Span<byte> to, int start, ref int at)
    {
        from = from[Literals(from)..];
        var (count, read) = from[0] switch
        {
            < 128 => (from[0], 1),
            < 255 => ((from[0] - 128 << 8) + from[1], 2),
            _ => (from[1] + (from[2] << 8) + 0x7F00, 3),
        };
        from = from[read..];
        var literals = _literals.AsSpan();
        var used = 0;
        if (count > 0)
        {
            var modes = from[0];
            from = from[1..];
            from = from[Table(modes >> 6, from, _lengths, UsualLengths, 6, LiteralLengths)..];
            from = from[Table(modes >> 4 & 3, from, _offsets, UsualOffsets, 5, Offsets)..];
            from = from[Table(modes >> 2 & 3, from, _matches, UsualMatches, 6, MatchLengths)..];
            used = Sequences(count, from, to, start, ref at);
        }
        else if (!from.IsEmpty)
        {
            throw new InvalidDataException();
        }
        literals[used.._length].CopyTo(to[at..^BackCopy.Slack]);
        at += _length - used;
    }

    /// <summary>Section 3.1.1.3.1; how many bytes they took.</summary>
    private int Literals(ReadOnlySpan<byte> from)
    {
        var (kind, form) = (from[0] & 3, from[0] >> 2 & 3);
        if (kind < 2)
        {
            var (size, head) = form switch
            {
                1 => (from[0] >> 4 | from[1] << 4, 2),
                3 => (from[0] >> 4 | from[1] << 4 | from[2] << 12, 3),
                _ => (from[0] >> 3, 1),
            };
            var literals = Take(size);
            if (kind == 0)
                from.Slice(head, size).CopyTo(literals);
            else
                literals.Fill(from[head]);
            return head + (kind == 0 ? size : 1);
        }
        var (bits, bytes) = form switch { 2 => (14, 4), 3 => (18, 5), _ => (10, 3) };
        var all = 0L;
        for (var i = 0; i < bytes; i++)
            all |= (long)from[i] << 8 * i;
        var (unpacked, packed) = ((int)(all >> 4) & (1 << bits) - 1, (int)(all >> 4 + bits) & (1 << bits) - 1);
        var codes = from.Slice(bytes, packed);
        if (kind == 2)
            codes = codes[_huffman.Read(codes)..];
        if (form == 0)
            _huffman.Decode(codes, Take(unpacked));
        else
            _huffman.DecodeFour(codes, Take(unpacked));
        return bytes + packed;
    }

    private Span<byte> Take(int size)
    {
        _length = size <= MostBlock ? size : throw new InvalidDataException();
        return _literals.AsSpan(0, size);
    }

    /// <summary>Section 3.1.1.3.2.1.1; how many bytes it took.</summary>
    private static int Table(int mode, ReadOnlySpan<byte> from, EntropyTable table, ReadOnlySpan<short> usual, int log, (uint Base, byte Extra)[] values)
    {
        switch (mode)
        {
            case 0:
                table.Set(usual, log, values);
                return 0;
            case 1:
                table.SetOnly(values, from[0]);
                return 1;
            case 2:
                return table.Read(from, values);
            default:
                return table.Log >= 0 ? 0 : throw new InvalidDataException();
        }
    }

    /// <summary>Sections 3.1.1.3.2.1.2 and 3.1.1.4: so many times literals and then what stood there before; how many of the literals they took.</summary>
    private int Sequences(int count, ReadOnlySpan<byte> from, Span<byte> to, int start, ref int at)
    {
        var bits = new BitsFromEnd(from);
        var lengths = _lengths.States;
        var offsets = _offsets.States;
        var matches = _matches.States;
        var (length, offset, match) = (bits.Read(_lengths.Log), bits.Read(_offsets.Log), bits.Read(_matches.Log));
        var (next, used, end) = (at, 0, to.Length - BackCopy.Slack);
        ref var literals = ref MemoryMarshal.GetArrayDataReference(_literals);
        ref var output = ref MemoryMarshal.GetReference(to);
        while (true)
        {
            var (lengthState, offsetState, matchState) = (lengths[(int)length], offsets[(int)offset], matches[(int)match]);
            var code = offsetState.Base + bits.Read(offsetState.Extra);
            var copied = matchState.Base;
            var plain = lengthState.Base;
            // Most are short, and stand for themselves.
            if ((matchState.Extra | lengthState.Extra) != 0)
            {
                copied += bits.Read(matchState.Extra);
                plain += bits.Read(lengthState.Extra);
            }
            var back = code > 3 ? Far(code - 3) : Near(code + (plain == 0 ? 1U : 0));
            if (plain > (uint)(_length - used) || plain + (ulong)copied > (uint)(end - next) || back == 0 || back > (uint)(next - start) + plain)
                throw new InvalidDataException();
            if (plain <= 16)
                BackCopy.Move16(ref literals, used, ref output, next);
            else
                _literals.AsSpan(used, (int)plain).CopyTo(to[next..]);
            used += (int)plain;
            next += (int)plain;
            BackCopy.Copy(to, next, (int)back, (int)copied);
            next += (int)copied;
            if (--count == 0)
                break;
            // All three at once: 26 bits at most.
            var (lengthBits, matchBits) = (lengthState.Bits, matchState.Bits);
            var all = bits.Read(lengthBits + matchBits + offsetState.Bits);
            offset = offsetState.Next + (all & (1U << offsetState.Bits) - 1);
            all >>= offsetState.Bits;
            match = matchState.Next + (all & (1U << matchBits) - 1);
            length = lengthState.Next + (all >> matchBits);
        }
        if (bits.Left != 0)
            throw new InvalidDataException();
        at = next;
        return used;
    }

    /// <summary>Section 3.1.1.5: a distance, which becomes the last one.</summary>
    private uint Far(uint back)
    {
        (_last, _last2, _last3) = (back, _last, _last2);
        return back;
    }

    /// <summary>One of the last three, or one less than the last.</summary>
    private uint Near(uint code)
    {
        if (code == 1)
            return _last;
        if (code != 2)
            return Far(code == 3 ? _last3 : _last - 1);
        (_last, _last2) = (_last2, _last);
        return _last;
    }
}

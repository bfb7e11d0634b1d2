using System.Buffers.Binary;

namespace ModelHub.Application.Parquet;

/// <summary>Small numbers in runs of one of them and in groups of eight that are packed bit by bit (Parquet's Encodings.md: RLE).</summary>
internal static class HybridRuns
{
    /// <param name="bits">Of a number, at most 32.</param>
    /// <param name="to">As many numbers as are wanted.</param>
    /// <exception cref="InvalidDataException">There are not as many.</exception>
    public static void Read(ReadOnlySpan<byte> from, int bits, Span<int> to)
    {
        if (bits is < 0 or > 32)
            throw new InvalidDataException();
        while (to.Length > 0)
        {
            var head = Varint(ref from);
            var isPacked = (head & 1) == 1;
            var count = (int)Math.Min(to.Length, (long)(head >> 1) * (isPacked ? 8 : 1));
            var bytes = isPacked ? (int)(((long)count * bits + 7) / 8) : (bits + 7) / 8;
            if (bytes > from.Length || count == 0)
                throw new InvalidDataException();
            if (isPacked)
                Unpack(from, bits, to[..count]);
            else
                to[..count].Fill((int)Bits(from, 0, (uint)((1L << bits) - 1)));
            // The last group may be cut where no number is left in it.
            from = from[(int)Math.Min(from.Length, isPacked ? (long)(head >> 1) * bits : bytes)..];
            to = to[count..];
        }
    }

    /// <summary>Whether the first run alone is so many ones, as it is where no cell is missing.</summary>
    public static bool IsAllOnes(ReadOnlySpan<byte> from, int count) => Varint(ref from) is var head && (head & 1) == 0 && head >> 1 >= count && from is [1, ..];

    private static void Unpack(ReadOnlySpan<byte> from, int bits, Span<int> to)
    {
        var mask = (uint)((1L << bits) - 1);
        for (var i = 0; i < to.Length; i++)
            to[i] = (int)Bits(from, (long)i * bits, mask);
    }

    private static uint Bits(ReadOnlySpan<byte> from, long at, uint mask)
    {
        from = from[(int)Math.Min(from.Length, at >> 3)..];
        var all = 0UL;
        if (from.Length >= 8)
        {
            all = BinaryPrimitives.ReadUInt64LittleEndian(from);
        }
        else
        {
            for (var i = 0; i < from.Length; i++)
                all |= (ulong)from[i] << 8 * i;
        }
        return (uint)(all >> (int)(at & 7)) & mask;
    }

    /// <summary>Seven bits a byte, the lowest first; it is cut off the front.</summary>
    public static uint Varint(ref ReadOnlySpan<byte> from)
    {
        var value = 0UL;
        for (var i = 0; i < Math.Min(5, from.Length); i++)
        {
            value |= (ulong)(from[i] & 0x7F) << 7 * i;
            if (from[i] >= 0x80)
                continue;
            from = from[(i + 1)..];
            return value <= uint.MaxValue ? (uint)value : throw new InvalidDataException();
        }
        throw new InvalidDataException();
    }
}

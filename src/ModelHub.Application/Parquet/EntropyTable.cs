using System.Numerics;

namespace ModelHub.Application.Parquet;

/// <summary>What a state of a finite state entropy table stands for, and where it goes on.</summary>
/// <param name="Next">The next state, less the bits that are read for it.</param>
/// <param name="Bits">How many those are.</param>
/// <param name="Extra">Bits that are read for the value.</param>
/// <param name="Base">The value, less those.</param>
internal readonly record struct EntropyState(ushort Next, byte Bits, byte Extra, uint Base);

/// <summary>A table of finite state entropy (RFC 8878, section 4.1).</summary>
/// <param name="mostLog">States are at most two to the power of it.</param>
internal sealed class EntropyTable(int mostLog)
{
    private readonly EntropyState[] _states = new EntropyState[1 << mostLog];

    /// <summary>States are two to the power of it; -1 before it is made.</summary>
    public int Log { get; private set; } = -1;

    public ReadOnlySpan<EntropyState> States => _states.AsSpan(0, 1 << Log);

    public void Clear() => Log = -1;

    /// <summary>One value always.</summary>
    public void SetOnly(ReadOnlySpan<(uint Base, byte Extra)> values, int symbol)
    {
        if (symbol >= values.Length)
            throw new InvalidDataException();
        (Log, _states[0]) = (0, new EntropyState(0, 0, values[symbol].Extra, values[symbol].Base));
    }

    /// <summary>Reads how often each symbol comes (section 4.1.1), and makes the table of it.</summary>
    /// <param name="values">What symbols stand for.</param>
    /// <returns>Bytes that were read.</returns>
    public int Read(ReadOnlySpan<byte> from, ReadOnlySpan<(uint Base, byte Extra)> values)
    {
        Span<short> counts = stackalloc short[256];
        var (at, log) = (4, (from[0] & 15) + 5);
        if (log > mostLog)
            throw new InvalidDataException();
        var (left, threshold, bits, symbol) = ((1 << log) + 1, 1 << log, log + 1, 0);
        while (left > 1)
        {
            if (symbol >= values.Length)
                throw new InvalidDataException();
            var most = 2 * threshold - 1 - left;
            var value = Peek(from, at, bits);
            if ((value & threshold - 1) < most)
            {
                value &= threshold - 1;
                at += bits - 1;
            }
            else
            {
                value -= value >= threshold ? most : 0;
                at += bits;
            }
            // One less: -1 is for symbols that come less than once.
            var count = value - 1;
            left -= Math.Abs(count);
            counts[symbol++] = (short)count;
            if (left < 1)
                throw new InvalidDataException();
            for (; left < threshold; threshold >>= 1)
                bits--;
            for (var zeros = count == 0 ? 3 : 0; zeros == 3; symbol += zeros)
            {
                if (symbol > values.Length)
                    throw new InvalidDataException();
                zeros = Peek(from, at, 2);
                at += 2;
            }
        }
        var bytes = (at + 7) / 8;
        if (bytes > from.Length || symbol > values.Length)
            throw new InvalidDataException();
        Set(counts[..symbol], log, values);
        return bytes;
    }

    /// <summary>Lays the symbols over the states (section 4.1.1).</summary>
    public void Set(ReadOnlySpan<short> counts, int log, ReadOnlySpan<(uint Base, byte Extra)> values)
    {
        var size = 1 << log;
        Span<byte> symbols = stackalloc byte[size];
        Span<int> next = stackalloc int[counts.Length];
        var top = size;
        for (var s = 0; s < counts.Length; s++)
        {
            next[s] = Math.Abs((int)counts[s]);
            if (counts[s] < 0)
                symbols[--top] = (byte)s;
        }
        var at = 0;
        for (var s = 0; s < counts.Length; s++)
        {
            for (var i = 0; i < counts[s]; i++)
            {
                symbols[at] = (byte)s;
                do
                    at = at + (size >> 1) + (size >> 3) + 3 & size - 1;
                while (at >= top);
            }
        }
        for (var state = 0; state < size; state++)
        {
            var symbol = symbols[state];
            var number = next[symbol]++;
            var bits = log - BitOperations.Log2((uint)number);
            _states[state] = new EntropyState((ushort)((number << bits) - size), (byte)bits, values[symbol].Extra, values[symbol].Base);
        }
        Log = log;
    }

    /// <summary>Bits from the first on; zeros behind the end.</summary>
    private static int Peek(ReadOnlySpan<byte> from, int at, int count)
    {
        var bits = 0;
        for (var i = 0; i < 3; i++)
            bits |= (at >> 3) + i < from.Length ? from[(at >> 3) + i] << 8 * i : 0;
        return bits >> (at & 7) & (1 << count) - 1;
    }
}

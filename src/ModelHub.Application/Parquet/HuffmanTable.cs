using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelHub.Application.Parquet;

/// <summary>Literals of Zstandard (RFC 8878, section 4.2): by the next bits, the byte and how many of the bits it took.</summary>
internal sealed class HuffmanTable
{
    private const int MostBits = 11;

    /// <summary>What weights are made of: themselves.</summary>
    private static readonly (uint, byte)[] Weights = [.. Enumerable.Range(0, MostBits + 2).Select(w => ((uint)w, (byte)0))];

    private readonly ushort[] _codes = new ushort[1 << MostBits];
    private readonly EntropyTable _weights = new(6);
    private int _bits;

    public void Clear() => _bits = 0;

    /// <summary>Reads the lengths of the codes (section 4.2.1).</summary>
    /// <returns>Bytes that were read.</returns>
    public int Read(ReadOnlySpan<byte> from)
    {
        Span<byte> weights = stackalloc byte[256];
        int count, read;
        if (from[0] >= 128)
        {
            count = from[0] - 127;
            read = 1 + (count + 1) / 2;
            for (var i = 0; i < count; i++)
                weights[i] = (byte)(i % 2 == 0 ? from[1 + i / 2] >> 4 : from[1 + i / 2] & 15);
        }
        else
        {
            read = 1 + from[0];
            count = ReadWeights(from[1..read], weights);
        }
        Set(weights, count);
        return read;
    }

    /// <summary>Literals of one stream.</summary>
    public void Decode(ReadOnlySpan<byte> from, Span<byte> to)
    {
        if (_bits == 0)
            throw new InvalidDataException();
        var bits = new BitsFromEnd(from);
        Finish(ref bits, to);
    }

    /// <summary>Literals of four streams, of which each has a quarter; what is left over lacks in the last.</summary>
    public void DecodeFour(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var quarter = (to.Length + 3) / 4;
        if (_bits == 0 || to.Length < 3 * quarter)
            throw new InvalidDataException();
        var (one, two, three) = (from[0] | from[1] << 8, from[2] | from[3] << 8, from[4] | from[5] << 8);
        from = from[6..];
        var first = new BitsFromEnd(from[..one]);
        var second = new BitsFromEnd(from.Slice(one, two));
        var third = new BitsFromEnd(from.Slice(one + two, three));
        var fourth = new BitsFromEnd(from[(one + two + three)..]);
        var last = to[(3 * quarter)..];
        ref var codes = ref MemoryMarshal.GetArrayDataReference(_codes);
        ref var toFirst = ref MemoryMarshal.GetReference(to);
        ref var toSecond = ref Unsafe.Add(ref toFirst, quarter);
        ref var toThird = ref Unsafe.Add(ref toSecond, quarter);
        ref var toLast = ref Unsafe.Add(ref toThird, quarter);
        var (shift, done) = (64 - _bits, 0);
        // What is left of the top bits is less than the table has codes, and five of those take 55 bits at most.
        for (; done + 5 <= last.Length && first.HasTop && second.HasTop && third.HasTop && fourth.HasTop; done += 5)
        {
            var (a, b, c, d) = (first.Top(), second.Top(), third.Top(), fourth.Top());
            var (usedA, usedB, usedC, usedD) = (0, 0, 0, 0);
            for (var i = done; i < done + 5; i++)
            {
                var (codeA, codeB) = (Unsafe.Add(ref codes, (nint)(a >> shift)), Unsafe.Add(ref codes, (nint)(b >> shift)));
                var (codeC, codeD) = (Unsafe.Add(ref codes, (nint)(c >> shift)), Unsafe.Add(ref codes, (nint)(d >> shift)));
                Unsafe.Add(ref toFirst, i) = (byte)codeA;
                Unsafe.Add(ref toSecond, i) = (byte)codeB;
                Unsafe.Add(ref toThird, i) = (byte)codeC;
                Unsafe.Add(ref toLast, i) = (byte)codeD;
                a <<= codeA >> 8;
                b <<= codeB >> 8;
                c <<= codeC >> 8;
                d <<= codeD >> 8;
                usedA += codeA >> 8;
                usedB += codeB >> 8;
                usedC += codeC >> 8;
                usedD += codeD >> 8;
            }
            first.Left -= usedA;
            second.Left -= usedB;
            third.Left -= usedC;
            fourth.Left -= usedD;
        }
        Finish(ref first, to[done..quarter]);
        Finish(ref second, to[(quarter + done)..(2 * quarter)]);
        Finish(ref third, to[(2 * quarter + done)..(3 * quarter)]);
        Finish(ref fourth, last[done..]);
    }

    private void Finish(ref BitsFromEnd bits, Span<byte> to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            var code = _codes[bits.Peek(_bits)];
            to[i] = (byte)code;
            bits.Left -= code >> 8;
        }
        if (bits.Left != 0)
            throw new InvalidDataException();
    }

    /// <summary>Weights that are packed themselves, by two states in turn (section 4.2.1.2).</summary>
    private int ReadWeights(ReadOnlySpan<byte> from, Span<byte> weights)
    {
        var bits = new BitsFromEnd(from[_weights.Read(from, Weights)..]);
        var states = _weights.States;
        var (one, two, count) = ((int)bits.Read(_weights.Log), (int)bits.Read(_weights.Log), 0);
        while (true)
        {
            if (count > 253)
                throw new InvalidDataException();
            var state = states[one];
            weights[count++] = (byte)state.Base;
            if (bits.Left < state.Bits)
                break;
            (one, two) = (two, state.Next + (int)bits.Read(state.Bits));
        }
        weights[count++] = (byte)states[two].Base;
        return count;
    }

    /// <summary>The last weight is what makes the codes whole (section 4.2.1.1); codes of the same length are in the order of their bytes.</summary>
    private void Set(Span<byte> weights, int count)
    {
        var sum = 0;
        foreach (var weight in weights[..count])
            sum += weight > MostBits ? throw new InvalidDataException() : 1 << weight >> 1;
        if (sum == 0)
            throw new InvalidDataException();
        var log = BitOperations.Log2((uint)sum) + 1;
        var left = (1 << log) - sum;
        if (log > MostBits || !BitOperations.IsPow2(left))
            throw new InvalidDataException();
        weights[count++] = (byte)(BitOperations.Log2((uint)left) + 1);
        var at = 0;
        for (var weight = 1; weight <= log; weight++)
        {
            for (var symbol = 0; symbol < count; symbol++)
            {
                if (weights[symbol] != weight)
                    continue;
                _codes.AsSpan(at, 1 << weight - 1).Fill((ushort)(symbol | (log + 1 - weight) << 8));
                at += 1 << weight - 1;
            }
        }
        _bits = log;
    }
}

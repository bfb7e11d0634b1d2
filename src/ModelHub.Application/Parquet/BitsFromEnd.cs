using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelHub.Application.Parquet;

/// <summary>Bits that are read from the end of some bytes to their beginning (RFC 8878, section 4.1): the highest one of the last byte is the mark of the end.</summary>
/// <param name="bytes">The bytes.</param>
internal ref struct BitsFromEnd(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bits that are left; below zero when more were read than there were, which are zeros.</summary>
    public int Left { get; set; } = bytes is [.., not 0] ? bytes.Length * 8 - 8 + BitOperations.Log2(bytes[^1]) : throw new InvalidDataException();

    /// <summary>Whether <see cref="Top"/> can be asked.</summary>
    public readonly bool HasTop => Left >= 64;

    /// <summary>The next bits, 57 of them at least, the first at the top.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Top()
    {
        var last = Left - 1;
        return Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(_bytes), (last >> 3) - 7)) << (7 - (last & 7));
    }

    /// <summary>The next bits, at most 32, without moving.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Peek(int count) => HasTop ? (uint)(Top() >> 1 >> (63 - count)) : PeekLast(count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read(int count)
    {
        var value = Peek(count);
        Left -= count;
        return value;
    }

    /// <summary>Where fewer than 64 are left: those, and zeros behind them.</summary>
    private readonly uint PeekLast(int count)
    {
        if (Left <= 0)
            return 0;
        Span<byte> all = stackalloc byte[8];
        _bytes[..Math.Min(8, _bytes.Length)].CopyTo(all);
        var bits = BinaryPrimitives.ReadUInt64LittleEndian(all) & (1UL << Left) - 1;
        return (uint)(count <= Left ? bits >> (Left - count) : bits << (count - Left));
    }
}

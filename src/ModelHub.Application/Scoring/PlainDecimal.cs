using System.Runtime.CompilerServices;

namespace ModelHub.Application.Scoring;

/// <summary>
/// Reads plain decimals — a minus or none, up to 8 digits, and up to 8 more behind a point — 8 characters in one register, without a branch
/// per character (compare Lemire, Number parsing at a gigabyte per second, 2021). Whatever else is a number is left to
/// <see cref="Datasets.Formats.CellText.Number"/>, whose bits these are.
/// </summary>
internal static class PlainDecimal
{
    /// <summary>Bytes from a cell's start that must be readable, whatever they are.</summary>
    public const int Reach = 18;

    private const int Most = 8;
    private const ulong Ones = 0x0101010101010101;
    private const ulong HighBits = 0x8080808080808080;

    private static readonly double[] Powers = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
    private static readonly ulong[] WholePowers = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

    /// <param name="cell">Its first byte.</param>
    /// <param name="length">Bytes of the cell.</param>
    /// <returns>Whether it is a plain decimal.</returns>
    public static bool TryRead(ref byte cell, int length, out double value)
    {
        value = 0;
        var minus = cell == '-' ? 1 : 0;
        length -= minus;
        if (length is < 1 or > 2 * Most + 1)
            return false;
        var first = Load(ref cell, minus);
        var whole = Math.Min(PointIn(first), length);
        var fraction = Math.Max(0, length - whole - 1);
        if (fraction > Most || whole + fraction == 0 || (whole == Most && length > Most && Unsafe.Add(ref cell, minus + Most) != '.'))
            return false;
        var second = Load(ref cell, minus + whole + 1);
        if ((Last(NotDigits(first), whole) | Last(NotDigits(second), fraction)) != 0)
            return false;
        var digits = Eight(Last(first & (Ones * 15), whole)) * WholePowers[fraction] + Eight(Last(second & (Ones * 15), fraction));
        // One operation on numbers that a double holds exactly is rounded once, and so correctly (Clinger 1990).
        if (digits > 1UL << 53)
            return false;
        value = BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(digits / Powers[fraction]) ^ ((ulong)minus << 63));
        return true;
    }

    /// <summary>Eight characters, the first in the lowest byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Load(ref byte text, int at)
    {
        var read = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref text, at));
        return BitConverter.IsLittleEndian ? read : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(read);
    }

    /// <summary>The place of the first point, 8 for none: the lowest byte that turns zero borrows from its high bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int PointIn(ulong characters)
    {
        var zeroed = characters ^ (Ones * '.');
        return System.Numerics.BitOperations.TrailingZeroCount((zeroed - Ones) & ~zeroed & HighBits) >> 3;
    }

    /// <summary>High bits up to the first character that is no digit; those behind it mean nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong NotDigits(ulong characters) => ((characters + Ones * (0x80 - '9' - 1)) | (characters - Ones * '0')) & HighBits;

    /// <summary>Moves the first characters to the end, with zeros before them; shifting by 64 in one step would do nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Last(ulong characters, int count) => characters << (4 * (Most - count)) << (4 * (Most - count));

    /// <summary>Eight digits as a number: pairs, then fours, then all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Eight(ulong digits)
    {
        digits = digits * 10 + (digits >> 8);
        const ulong everyFourth = 0x000000FF000000FF;
        return (((digits & everyFourth) * (100 + (1_000_000UL << 32))) + (((digits >> 16) & everyFourth) * (1 + (10_000UL << 32)))) >> 32;
    }
}

using System.Buffers.Text;

namespace ModelHub.Application.Scoring;

/// <summary>
/// Writes doubles in the shortest form that reads back to the same bits, as the platform does, in a fraction of its time: Schubfach
/// (Giulietti, The Schubfach way to render doubles, 2020), kept to numbers that are written without an exponent. The others, and
/// powers of two, whose neighbours are not equally far, go to the platform.
/// </summary>
public static class ShortestDecimal
{
    /// <summary>Bytes that any number fits into.</summary>
    public const int Longest = 32;

    private const double Least = 1e-4;
    private const double Beyond = 1e15;
    private const int MostPlaces = 20;

    // 10^n in 126 bits, the highest of them set, one more than it is: exact, since 10^20 has 67 bits.
    private static readonly (ulong High, ulong Low)[] Scales = [.. Enumerable.Range(0, MostPlaces + 1).Select(Scale)];

    /// <returns>Bytes written.</returns>
    public static int Write(double value, Span<byte> destination)
    {
        var bits = BitConverter.DoubleToUInt64Bits(Math.Abs(value));
        var mantissa = bits & ((1UL << 52) - 1);
        if (!(Math.Abs(value) is >= Least and < Beyond) || mantissa == 0)
            return WriteOther(value, destination);
        var (digits, places) = Shorten(mantissa | (1UL << 52), (int)(bits >> 52) - 1075);
        var sign = value < 0 ? 1 : 0;
        destination[0] = (byte)'-';
        var written = WritePoint(digits, places, destination[sign..]);
        return written == 0 ? WriteOther(value, destination) : sign + written;
    }

    /// <summary>The shortest decimal digits × 10^-places that lie nearer to mantissa × 2^exponent than to any other double.</summary>
    private static (ulong Digits, int Places) Shorten(ulong mantissa, int exponent)
    {
        var places = -((exponent * 1_262_611) >> 22); // floor(exponent × log10(2))
        var shift = exponent + Log2OfPower(places) + 2;
        var scale = Scales[places];
        var odd = mantissa & 1; // bounds belong to an even number
        var middle = Product(scale, (mantissa << 2) << shift);
        var lower = Product(scale, ((mantissa << 2) - 2) << shift) + odd;
        var upper = Product(scale, ((mantissa << 2) + 2) << shift) - odd;
        var digits = middle >> 2;
        var tens = digits / 10 * 10;
        var isBelow = lower <= tens << 2;
        var isAbove = (tens + 10) << 2 <= upper;
        if (isBelow != isAbove)
            return (isBelow ? tens : tens + 10, places);
        isBelow = lower <= digits << 2;
        isAbove = (digits + 1) << 2 <= upper;
        if (isBelow != isAbove)
            return (isBelow ? digits : digits + 1, places);
        var half = (digits << 2) + 2;
        return (middle < half || (middle == half && (digits & 1) == 0) ? digits : digits + 1, places);
    }

    /// <summary>The upper part of a product of 126 and 64 bits; its last bit tells whether anything was cut off.</summary>
    private static ulong Product((ulong High, ulong Low) scale, ulong factor)
    {
        var carried = Math.BigMul(scale.Low, factor, out _);
        var high = Math.BigMul(scale.High, factor, out var low);
        var middle = (low >> 1) + carried;
        return (high + (middle >> 63)) | ((middle & long.MaxValue) > 0 ? 1UL : 0);
    }

    /// <returns>Bytes written; 0 when such a number is written with an exponent after all.</returns>
    private static int WritePoint(ulong digits, int places, Span<byte> destination)
    {
        while (digits % 10 == 0)
        {
            digits /= 10;
            places--;
        }
        if (places <= 0)
        {
            for (; places < 0; places++)
                digits *= 10;
            return digits < Beyond && Utf8Formatter.TryFormat(digits, destination, out var all) ? all : 0;
        }
        Utf8Formatter.TryFormat(digits, destination[1..], out var length);
        var before = length - places;
        if (before > 0)
        {
            destination.Slice(1, before).CopyTo(destination);
            destination[before] = (byte)'.';
            return length + 1;
        }
        if (before < -3)
            return 0;
        destination.Slice(1, length).CopyTo(destination[(2 - before)..]);
        destination[..(2 - before)].Fill((byte)'0');
        destination[1] = (byte)'.';
        return 2 + places;
    }

    private static int WriteOther(double value, Span<byte> destination) => Utf8Formatter.TryFormat(value, destination, out var written) ? written : 0;

    private static (ulong High, ulong Low) Scale(int power)
    {
        var scale = UInt128.One;
        for (var i = 0; i < power; i++)
            scale *= 10;
        scale = (scale << (125 - Log2OfPower(power))) + 1;
        return ((ulong)(scale >> 63), (ulong)scale & long.MaxValue);
    }

    /// <summary>floor(log2(10^power))</summary>
    private static int Log2OfPower(int power) => (power * 1_741_647) >> 19;
}

using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>What a text looks like as a number.</summary>
internal enum NumberShape
{
    None,
    Integer,
    Decimal,

    /// <summary>An integer with leading zeros, such as a post code: a number for who insists, else a text.</summary>
    Padded,
}

/// <summary>Cells as UTF-8: which are missing, which are numbers, truth values or dates, and how values are written.</summary>
internal static class CellText
{
    private static readonly double[] Powers =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> cell)
    {
        if (cell.Length > 0 && cell[0] > ' ' && cell[^1] > ' ')
            return cell;
        return cell.Trim(" \t"u8);
    }

    public static bool IsMissing(ReadOnlySpan<byte> cell) => cell.Length switch
    {
        0 => true,
        1 => cell[0] == '?',
        2 => cell.SequenceEqual("NA"u8),
        3 => cell.SequenceEqual("NaN"u8) || cell.SequenceEqual("nan"u8) || cell.SequenceEqual("N/A"u8),
        4 => cell.SequenceEqual("null"u8) || cell.SequenceEqual("NULL"u8) || cell.SequenceEqual("#N/A"u8),
        _ => false,
    };

    /// <summary>
    /// The number that double.Parse gives, to the last bit. Up to 19 digits whose value fits 53 bits and a power of ten up to 22 need
    /// one correctly rounded operation (Clinger, How to read floating point numbers accurately, 1990); the rest goes to the platform.
    /// </summary>
    public static NumberShape Number(ReadOnlySpan<byte> cell, out double value)
    {
        value = 0;
        var at = 0;
        var negative = false;
        if (cell.Length > 0 && cell[0] is (byte)'-' or (byte)'+')
        {
            negative = cell[0] == '-';
            at = 1;
        }
        var start = at;
        ulong mantissa = 0;
        while (at < cell.Length && (uint)(cell[at] - '0') <= 9)
            mantissa = mantissa * 10 + (ulong)(cell[at++] - '0');
        var digits = at - start;
        if (at == cell.Length && digits is > 0 and <= 15)
        {
            value = negative ? -(double)mantissa : mantissa;
            return digits > 1 && cell[start] == '0' ? NumberShape.Padded : NumberShape.Integer;
        }
        return Fraction(cell, at, start, digits, mantissa, negative, out value);
    }

    private static NumberShape Fraction(
        ReadOnlySpan<byte> cell, int at, int start, int whole, ulong mantissa, bool negative, out double value)
    {
        value = 0;
        var exponent = 0;
        var digits = whole;
        if (at < cell.Length && cell[at] == '.')
        {
            var point = ++at;
            while (at < cell.Length && (uint)(cell[at] - '0') <= 9)
                mantissa = mantissa * 10 + (ulong)(cell[at++] - '0');
            exponent = point - at;
            digits += at - point;
        }
        if (digits == 0)
            return Infinite(cell[start..], negative, out value);
        var integer = at == cell.Length && exponent == 0 && cell[^1] != '.';
        if (at < cell.Length)
        {
            if ((cell[at] | 0x20) != 'e' || !Utf8Parser.TryParse(Signed(cell[(at + 1)..]), out int power, out var used) || used == 0
                || used != Signed(cell[(at + 1)..]).Length)
                return NumberShape.None;
            exponent = Math.Abs((long)power) > 100_000 ? int.Sign(power) * 100_000 : exponent + power;
        }
        if (digits <= 19 && mantissa <= 1UL << 53 && exponent is >= -22 and <= 22)
        {
            value = exponent < 0 ? mantissa / Powers[-exponent] : mantissa * Powers[exponent];
            if (negative)
                value = -value;
        }
        else if (!double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
        {
            return NumberShape.None;
        }
        return !integer ? NumberShape.Decimal : whole > 1 && cell[start] == '0' ? NumberShape.Padded : NumberShape.Integer;
    }

    private static ReadOnlySpan<byte> Signed(ReadOnlySpan<byte> text) => text.Length > 1 && text[0] == '+' && text[1] != '-' ? text[1..] : text;

    private static NumberShape Infinite(ReadOnlySpan<byte> word, bool negative, out double value)
    {
        value = negative ? double.NegativeInfinity : double.PositiveInfinity;
        return word.Length is 3 or 8 && (Ascii.EqualsIgnoreCase(word, "inf"u8) || Ascii.EqualsIgnoreCase(word, "infinity"u8))
            ? NumberShape.Decimal
            : NumberShape.None;
    }

    /// <summary>Exactly <c>true</c> and <c>false</c>: other spellings are categories, so that labels come back as they were sent.</summary>
    public static bool Boolean(ReadOnlySpan<byte> cell, out double value)
    {
        value = cell.SequenceEqual("true"u8) ? 1 : 0;
        return value == 1 || cell.SequenceEqual("false"u8);
    }

    /// <summary>Any usual spelling, for a column that is known to hold truth values.</summary>
    public static bool AnyBoolean(ReadOnlySpan<byte> cell, out double value)
    {
        value = 0;
        if (cell.Length is 0 or > 5)
            return false;
        if (Number(cell, out var number) != NumberShape.None)
        {
            value = number;
            return number is 0 or 1;
        }
        Span<byte> lower = stackalloc byte[5];
        Ascii.ToLower(cell, lower, out var written);
        var word = lower[..written];
        if (word.SequenceEqual("true"u8) || word.SequenceEqual("yes"u8) || word.SequenceEqual("t"u8) || word.SequenceEqual("y"u8))
            value = 1;
        return value == 1 || word.SequenceEqual("false"u8) || word.SequenceEqual("no"u8) || word.SequenceEqual("f"u8)
            || word.SequenceEqual("n"u8);
    }

    /// <summary>A number as a label: integers plainly, others in the shortest form that reads back to the same bits.</summary>
    public static string Format(double value) => value == Math.Truncate(value) && Math.Abs(value) < 1e15
        ? ((long)value).ToString(CultureInfo.InvariantCulture)
        : value.ToString("R", CultureInfo.InvariantCulture);
}

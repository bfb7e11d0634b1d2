using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Scoring;

namespace ModelHub.Application.Tests.Scoring;

/// <summary>The fast ways to read and to write numbers, beside the slow ones.</summary>
public sealed class NumberTextTests
{
    [Fact]
    public void Plain_decimals_have_the_bits_of_the_platforms()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var text = random.Next(4) switch
            {
                0 => Digits(random, 10),
                1 => $"{Digits(random, 9)}.{Digits(random, 9)}",
                2 => random.NextDouble().ToString($"F{random.Next(1, 9)}", CultureInfo.InvariantCulture),
                _ => ((float)(random.NextDouble() * 1000)).ToString("R", CultureInfo.InvariantCulture),
            };
            text = random.Next(2) == 0 ? "-" + text : text;
            if (Read(text) is { } fast)
                Same(double.Parse(text, CultureInfo.InvariantCulture), fast, text);
            else
                Assert.False(IsPlain(text), text);
        }
    }

    [Fact]
    public void What_is_no_plain_decimal_is_left_to_others()
    {
        const string characters = "0123456789.-+eE,;\"\n\r ?aN/:\0\u00fc";
        var random = new Random(2);
        for (var i = 0; i < 100_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(0, 12)).Select(_ => characters[random.Next(random.Next(2) == 0 ? 11 : characters.Length)]));
            if (Read(text) is not { } fast)
                continue;
            Assert.NotEqual(NumberShape.None, CellText.Number(Encoding.UTF8.GetBytes(text), out var slow));
            Same(slow, fast, text);
        }
        foreach (var text in new[] { "", "-", ".", "-.", "1..2", "1.2.3", "--1", "+1", "1e5", "0x1", "123456789.5", "1.123456789", "99999999.99999999" })
            Assert.Null(Read(text));
    }

    [Fact]
    public void Doubles_are_written_as_the_platform_writes_them()
    {
        var random = new Random(3);
        for (var i = 0; i < 200_000; i++)
        {
            var value = random.Next(6) switch
            {
                0 => random.NextDouble(),
                1 => 1 / (1 + Math.Exp(random.NextDouble() * 30 - 15)),
                2 => BitConverter.Int64BitsToDouble(random.NextInt64()),
                3 => random.Next(-100_000, 100_000) / 1000.0,
                4 => (float)(random.NextDouble() * 1e6),
                _ => Math.Pow(10, random.Next(-8, 18)) * (random.Next(3) == 0 ? 1 : random.NextDouble()),
            };
            Written(random.Next(2) == 0 ? -value : value);
        }
        // Around every power of ten and of two, where lengths and distances change.
        for (var power = -20; power <= 20; power++)
        {
            foreach (var center in new[] { Math.Pow(10, power), Math.Pow(2, power), 5 * Math.Pow(10, power) })
            {
                var value = center;
                for (var step = 0; step < 50; step++)
                    value = Math.BitDecrement(value);
                for (var step = 0; step < 100; step++, value = Math.BitIncrement(value))
                    Written(value);
            }
        }
        foreach (var value in new[] { 0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, double.MaxValue, 9007199254740993, 999999999999999.9 })
            Written(value);
    }

    private static void Written(double value)
    {
        Span<byte> fast = stackalloc byte[ShortestDecimal.Longest];
        Span<byte> slow = stackalloc byte[64];
        var length = ShortestDecimal.Write(value, fast);
        Utf8Formatter.TryFormat(value, slow, out var expected);
        Assert.Equal(Encoding.UTF8.GetString(slow[..expected]), Encoding.UTF8.GetString(fast[..length]));
    }

    /// <summary>The cell as it stands in a file: with others behind it.</summary>
    private static double? Read(string cell)
    {
        var bytes = Encoding.UTF8.GetBytes(cell + ",1.5,-27,3.25\n4.75,0.5");
        return PlainDecimal.TryRead(ref MemoryMarshal.GetArrayDataReference(bytes), Encoding.UTF8.GetByteCount(cell), out var value) ? value : null;
    }

    private static bool IsPlain(string text)
    {
        var parts = text.TrimStart('-').Split('.');
        return parts.Length <= 2 && parts.All(p => p.Length <= 8) && parts.Sum(p => p.Length) is > 0 and < 16;
    }

    private static void Same(double expected, double actual, string text) =>
        Assert.True(BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual), $"{text}: {actual:R} where {expected:R} belongs");

    private static string Digits(Random random, int most) => string.Concat(Enumerable.Range(0, random.Next(0, most + 1)).Select(_ => (char)('0' + random.Next(10))));
}

using System.Runtime.CompilerServices;

namespace ModelHub.Engine.Numerics;

/// <summary>
/// exp, log and what follows from them, in plain IEEE additions and multiplications: the platform's own differ between processors, and
/// equal seeds promise equal bytes. Errors stay below 2 units in the last place over the range that is used.
/// </summary>
public static partial class Elementary
{
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const double Log2E = 1.44269504088896338700;

    /// <summary>e to the x; 0 below -745, infinity above 709.78.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Exp(double x)
    {
        if (double.IsNaN(x))
            return x;
        if (x < -745.2)
            return 0;
        if (x > 709.782712893384)
            return double.PositiveInfinity;
        var n = Math.Floor(x * Log2E + 0.5);
        var r = x - n * Ln2High - n * Ln2Low;
        // Taylor's series: |r| ≤ 0.347, the next term is below 2^-57.
        var sum = 1.0 / 6227020800;
        sum = sum * r + 1.0 / 479001600;
        sum = sum * r + 1.0 / 39916800;
        sum = sum * r + 1.0 / 3628800;
        sum = sum * r + 1.0 / 362880;
        sum = sum * r + 1.0 / 40320;
        sum = sum * r + 1.0 / 5040;
        sum = sum * r + 1.0 / 720;
        sum = sum * r + 1.0 / 120;
        sum = sum * r + 1.0 / 24;
        sum = sum * r + 1.0 / 6;
        sum = sum * r + 0.5;
        sum = sum * r + 1;
        sum = sum * r + 1;
        var power = (int)n;
        // Two steps, so that results near both ends of the range are still scaled exactly.
        return sum * PowerOfTwo(power / 2) * PowerOfTwo(power - power / 2);
    }

    /// <summary>Natural logarithm of a positive number.</summary>
    public static double Log(double x)
    {
        if (double.IsNaN(x) || x < 0)
            return double.NaN;
        if (x == 0)
            return double.NegativeInfinity;
        if (double.IsPositiveInfinity(x))
            return x;
        var shift = 0;
        if (x < 2.2250738585072014e-308)
        {
            x *= 18014398509481984; // 2^54: a denormal becomes normal
            shift = -54;
        }
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52) - 1023;
        var mantissa = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }
        // log m = 2 artanh((m-1)/(m+1)); |z| ≤ 0.172
        var z = (mantissa - 1) / (mantissa + 1);
        var w = z * z;
        var sum = 0.0;
        for (var k = 21; k >= 3; k -= 2)
            sum = (sum + 1.0 / k) * w;
        var n = exponent + shift;
        return n * Ln2High + (2 * z * (1 + sum) + n * Ln2Low);
    }

    /// <summary>1 / (1 + e^-x), without overflow.</summary>
    public static double Logistic(double x)
    {
        var e = Exp(-Math.Abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    /// <summary>Replaces scores by their softmax.</summary>
    public static void Softmax(Span<double> scores)
    {
        var top = double.NegativeInfinity;
        foreach (var s in scores)
            top = Math.Max(top, s);
        var sum = 0.0;
        for (var i = 0; i < scores.Length; i++)
            sum += scores[i] = Exp(scores[i] - top);
        for (var i = 0; i < scores.Length; i++)
            scores[i] /= sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double PowerOfTwo(int n) => BitConverter.Int64BitsToDouble((long)(n + 1023) << 52);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelHub.Engine.Numerics;

/// <summary>Four numbers at a time, by the same additions and multiplications in the same order: the same bits.</summary>
public static partial class Elementary
{
    // 2^52: the sum with a whole number from 0 to 2^52 has that number in its lowest bits.
    private const double Whole = 4503599627370496;

    /// <summary>Replaces each number by <see cref="Logistic(double)"/> of it.</summary>
    public static void Logistic(Span<double> values)
    {
        var done = 0;
        if (KernelSelector.Best != Kernel.Scalar)
        {
            var wide = MemoryMarshal.Cast<double, Vector256<double>>(values);
            Logistic(wide);
            done = wide.Length * Vector256<double>.Count;
        }
        for (var i = done; i < values.Length; i++)
            values[i] = Logistic(values[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Logistic(Span<Vector256<double>> values)
    {
        var one = Vector256.Create(1.0);
        foreach (ref var x in values)
        {
            var e = ExpNegative(-Vector256.Abs(x));
            x = Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(x, Vector256<double>.Zero), one, e) / (one + e);
        }
    }

    /// <summary><see cref="Exp"/> of numbers that are not above 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ExpNegative(Vector256<double> x)
    {
        var n = Vector256.Floor(x * Log2E + Vector256.Create(0.5));
        var r = x - n * Ln2High - n * Ln2Low;
        var sum = Vector256.Create(1.0 / 6227020800);
        sum = sum * r + Vector256.Create(1.0 / 479001600);
        sum = sum * r + Vector256.Create(1.0 / 39916800);
        sum = sum * r + Vector256.Create(1.0 / 3628800);
        sum = sum * r + Vector256.Create(1.0 / 362880);
        sum = sum * r + Vector256.Create(1.0 / 40320);
        sum = sum * r + Vector256.Create(1.0 / 5040);
        sum = sum * r + Vector256.Create(1.0 / 720);
        sum = sum * r + Vector256.Create(1.0 / 120);
        sum = sum * r + Vector256.Create(1.0 / 24);
        sum = sum * r + Vector256.Create(1.0 / 6);
        sum = sum * r + Vector256.Create(0.5);
        sum = sum * r + Vector256.Create(1.0);
        sum = sum * r + Vector256.Create(1.0);
        // Halves are rounded towards zero, which is up.
        var half = Vector256.Ceiling(n * 0.5);
        var exp = sum * PowerOfTwo(half) * PowerOfTwo(n - half);
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(-745.2)), Vector256<double>.Zero, exp);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> PowerOfTwo(Vector256<double> n)
        => Vector256.ShiftLeft((n + Vector256.Create(1023 + Whole)).AsInt64(), 52).AsDouble();
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelHub.Engine.Networks;

/// <summary>
/// Products of row-major matrices in single precision. Every element is summed in the order of the inner index, multiplication and addition
/// apart, so that results are the same bits with and without vectors, on any machine.
/// </summary>
internal static class Matrices
{
    public const int Lane = 8;

    /// <summary>Room for a width, so that rows are whole vectors.</summary>
    public static int Padded(int width) => (width + Lane - 1) / Lane * Lane;

    /// <summary>c = start + a × b; a is rows × inner, b inner × width, c rows × width; width is padded.</summary>
    /// <param name="start">A row that every row of c starts with; null for zeros.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Multiply(float[] a, float[] b, float[] c, int rows, int inner, int width, float[]? start)
    {
        if (a.Length < rows * inner || b.Length < inner * width || c.Length < rows * width || width % Lane != 0)
            throw new ArgumentException("The matrices do not fit each other.");
        fixed (float* pa = a)
        fixed (float* pb = b)
        fixed (float* pc = c)
        {
            var r = 0;
            for (; r + 4 <= rows; r += 4)
            {
                for (var j = 0; j < width; j += Lane)
                {
                    var first = start is null ? Vector256<float>.Zero : Vector256.LoadUnsafe(ref start[j]);
                    var (s0, s1, s2, s3) = (first, first, first, first);
                    float* a0 = pa + r * inner, a1 = a0 + inner, a2 = a1 + inner, a3 = a2 + inner;
                    var bj = pb + j;
                    for (var k = 0; k < inner; k++, bj += width)
                    {
                        var v = Vector256.Load(bj);
                        s0 += Vector256.Create(a0[k]) * v;
                        s1 += Vector256.Create(a1[k]) * v;
                        s2 += Vector256.Create(a2[k]) * v;
                        s3 += Vector256.Create(a3[k]) * v;
                    }
                    s0.Store(pc + r * width + j);
                    s1.Store(pc + (r + 1) * width + j);
                    s2.Store(pc + (r + 2) * width + j);
                    s3.Store(pc + (r + 3) * width + j);
                }
            }
            for (; r < rows; r++)
            {
                for (var j = 0; j < width; j += Lane)
                {
                    var sum = start is null ? Vector256<float>.Zero : Vector256.LoadUnsafe(ref start[j]);
                    var bj = pb + j;
                    for (var k = 0; k < inner; k++, bj += width)
                        sum += Vector256.Create(pa[r * inner + k]) * Vector256.Load(bj);
                    sum.Store(pc + r * width + j);
                }
            }
        }
    }

    /// <summary>to = the transpose of rows × width, with rows of <paramref name="stride"/> (at least the number of rows).</summary>
    public static void Transpose(float[] from, float[] to, int rows, int width, int stride)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < width; c++)
                to[c * stride + r] = from[r * width + c];
        }
    }
}

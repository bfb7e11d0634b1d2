using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelHub.Engine.Inference;

/// <summary>
/// A feature's thresholds as a search tree in one array, the children of node n at 2n and 2n + 1 (Eytzinger's layout): sixteen values go down it at
/// once with AVX-512, and find their pivots in registers, not in memory. A level of at most sixteen pivots is one register, told by the node's lowest bits.
/// </summary>
internal sealed class PivotTree
{
    /// <summary>Values that <see cref="Encode"/> takes.</summary>
    public const int Rows = 4 * Lanes;

    private const int Lanes = 16;
    private readonly float[] _pivots;
    private readonly int _leaves;

    /// <param name="thresholds">Ascending; one less than a power of two, and at most 255.</param>
    public PivotTree(float[] thresholds)
    {
        _leaves = thresholds.Length + 1;
        _pivots = new float[Math.Max(Lanes, _leaves)];
        for (var node = 1; node < _leaves; node++)
        {
            var level = BitOperations.Log2((uint)node);
            var step = _leaves >> level;
            _pivots[node] = thresholds[(node - (1 << level)) * step + step / 2 - 1];
        }
    }

    /// <summary>See <see cref="RankedFeature.Encode"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe void Encode(float* values, byte* right, byte* left)
    {
        var (u, v) = (Vector512.Load(values), Vector512.Load(values + Lanes));
        var (w, x) = (Vector512.Load(values + 2 * Lanes), Vector512.Load(values + 3 * Lanes));
        Vector512<int> a = Vector512<int>.One, b = a, c = a, d = a;
        fixed (float* pivots = _pivots)
        {
            for (var level = 1; level < _leaves; level *= 2)
            {
                a = Descend(pivots, level, a, u);
                b = Descend(pivots, level, b, v);
                c = Descend(pivots, level, c, w);
                d = Descend(pivots, level, d, x);
            }
        }
        Store(a, u, right, left, 0);
        Store(b, v, right, left, Lanes);
        Store(c, w, right, left, 2 * Lanes);
        Store(d, x, right, left, 3 * Lanes);
    }

    /// <param name="level">Nodes of the level, which is also the first of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector512<int> Descend(float* pivots, int level, Vector512<int> nodes, Vector512<float> values)
    {
        var pivot = level switch
        {
            < 16 => Avx512F.PermuteVar16x32(Vector512.Load(pivots), nodes),
            16 => Avx512F.PermuteVar16x32(Vector512.Load(pivots + 16), nodes),
            32 => OfThirtyTwo(pivots + 32, nodes),
            64 => OfSixtyFour(pivots + 64, nodes),
            _ => Vector512.ConditionalSelect(IsSet(nodes, 64), OfSixtyFour(pivots + 192, nodes), OfSixtyFour(pivots + 128, nodes)),
        };
        return nodes + nodes - Vector512.LessThan(pivot, values).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector512<float> OfSixtyFour(float* pivots, Vector512<int> nodes) =>
        Vector512.ConditionalSelect(IsSet(nodes, 32), OfThirtyTwo(pivots + 32, nodes), OfThirtyTwo(pivots, nodes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector512<float> OfThirtyTwo(float* pivots, Vector512<int> nodes) =>
        Avx512F.PermuteVar16x32x2(Vector512.Load(pivots), nodes, Vector512.Load(pivots + Lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> IsSet(Vector512<int> nodes, int bit) => (~Vector512.Equals(nodes & Vector512.Create(bit), Vector512<int>.Zero)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe void Store(Vector512<int> nodes, Vector512<float> values, byte* right, byte* left, int at)
    {
        // As in RankedFeature, ranks are shifted by 128.
        var shift = Vector512.Create(0x80);
        var missing = (~Vector512.Equals(values, values)).AsInt32();
        var ranks = nodes ^ Vector512.Create(_leaves);
        if (right != null)
            Avx512F.ConvertToVector128Byte((ranks | missing) ^ shift).Store(right + at);
        if (left != null)
            Avx512F.ConvertToVector128Byte(Vector512.AndNot(ranks, missing) ^ shift).Store(left + at);
    }
}

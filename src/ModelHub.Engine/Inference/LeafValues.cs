using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Inference;

/// <summary>Adds the values of the leaves that a block's rows fell into to their scores, in double precision.</summary>
internal static class LeafValues
{
    private const int Lanes = 16;

    /// <summary>So many values lie in four registers, from which sixteen rows take theirs at once.</summary>
    private const int Table = 4 * Lanes;

    /// <summary>Numbers that so many values take, so that whole registers can be read.</summary>
    public static int RoomOf(int values) => (values + Lanes - 1) / Lanes * Lanes;

    /// <param name="leaves">The number of each row's leaf.</param>
    /// <param name="scores">From the tree's first output on, <paramref name="outputs"/> numbers per row.</param>
    public static unsafe void Add(RankedTree tree, byte* leaves, int count, int outputs, Span<double> scores, Kernel kernel)
    {
        fixed (float* values = tree.Values)
        fixed (double* score = scores)
        {
            var done = 0;
            if (tree.Width == 1 && outputs == 1)
            {
                if (kernel == Kernel.Avx512 && tree.LeafCount <= Table)
                    done = AddWide(values, tree.LeafCount, leaves, count, score);
                for (; done < count; done++)
                    score[done] += values[leaves[done]];
                return;
            }
            for (; done < count; done++)
            {
                for (var o = 0; o < tree.Width; o++)
                    score[done * outputs + o] += values[leaves[done] * tree.Width + o];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe int AddWide(float* values, int leafCount, byte* leaves, int count, double* score)
    {
        var a = Vector512.Load(values);
        var b = leafCount > Lanes ? Vector512.Load(values + Lanes) : a;
        var c = leafCount > 2 * Lanes ? Vector512.Load(values + 2 * Lanes) : a;
        var d = leafCount > 3 * Lanes ? Vector512.Load(values + 3 * Lanes) : a;
        var half = Vector512.Create(Table / 2 - 1);
        var done = 0;
        for (; done + Lanes <= count; done += Lanes)
        {
            var leaf = Avx512F.ConvertToVector512Int32(Vector128.Load(leaves + done));
            var value = Avx512F.PermuteVar16x32x2(a, leaf, b);
            if (leafCount > Table / 2)
                value = Vector512.ConditionalSelect(Vector512.GreaterThan(leaf, half).AsSingle(), Avx512F.PermuteVar16x32x2(c, leaf, d), value);
            var to = score + done;
            (Vector512.Load(to) + Avx512F.ConvertToVector512Double(value.GetLower())).Store(to);
            (Vector512.Load(to + 8) + Avx512F.ConvertToVector512Double(value.GetUpper())).Store(to + 8);
        }
        return done;
    }
}

using ModelHub.Engine.Binning;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Sums of quantised gradients and hessians per bin (Shi et al. 2022), both in one 64-bit integer: gradient in the upper half, hessian in
/// the lower. Integer sums are the same in any order, so any number of threads gives the same tree.
/// </summary>
internal sealed class Histogram(BinnedMatrix bins, ThreadTeam team)
{
    private const int LeastToShare = 4096;
    private readonly long[][] _partial = [.. Enumerable.Range(0, team.Size - 1).Select(_ => new long[bins.Offsets[^1]])];

    public int Length => bins.Offsets[^1];

    public static double Gradient(long packed) => (int)(packed >> 32);

    public static double Hessian(long packed) => (uint)packed;

    public static long Pack(int gradient, int hessian) => ((long)gradient << 32) + hessian;

    public void Build(int[] rows, int from, int count, long[] packed, long[] result)
    {
        Array.Clear(result);
        if (team.Size == 1 || count < LeastToShare)
        {
            Accumulate(rows.AsSpan(from, count), packed, result);
            return;
        }
        team.Run(member =>
        {
            var sums = member == 0 ? result : _partial[member - 1];
            if (member > 0)
                Array.Clear(sums);
            var first = (int)((long)count * member / team.Size);
            var last = (int)((long)count * (member + 1) / team.Size);
            Accumulate(rows.AsSpan(from + first, last - first), packed, sums);
        });
        foreach (var partial in _partial)
            Add(result, partial);
    }

    /// <summary>What is left of a parent when one child is taken away is the other child.</summary>
    public static void Subtract(long[] parent, long[] child)
    {
        for (var i = 0; i < parent.Length; i++)
            parent[i] -= child[i];
    }

    private static void Add(long[] sums, long[] others)
    {
        for (var i = 0; i < sums.Length; i++)
            sums[i] += others[i];
    }

    private unsafe void Accumulate(ReadOnlySpan<int> rows, long[] packed, long[] sums)
    {
        var count = bins.FeatureCount;
        fixed (byte* all = bins.ByRow)
        fixed (int* offsets = bins.Offsets)
        fixed (long* gradients = packed)
        fixed (long* histogram = sums)
        {
            foreach (var row in rows)
            {
                var value = gradients[row];
                var line = all + (long)row * count;
                var f = 0;
                for (; f + 4 <= count; f += 4)
                {
                    // Four features have four different parts of the histogram: the additions do not wait for each other.
                    histogram[offsets[f] + line[f]] += value;
                    histogram[offsets[f + 1] + line[f + 1]] += value;
                    histogram[offsets[f + 2] + line[f + 2]] += value;
                    histogram[offsets[f + 3] + line[f + 3]] += value;
                }
                for (; f < count; f++)
                    histogram[offsets[f] + line[f]] += value;
            }
        }
    }
}

using System.Runtime.CompilerServices;
using ModelHub.Engine.Binning;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Sums packed gradients by bin. Work is divided into (group of features × block of rows); every member of the team has its own sums, which
/// <see cref="Merge"/> adds: whole numbers, so any division gives the same sums.
/// </summary>
internal sealed class HistogramBuilder(BinnedMatrix bins, ThreadTeam team)
{
    public const int FeatureSlots = 256;
    private const int RowsWorthSharing = 2048;
    private const int LeastBlock = 1024;
    private const int BlocksPerMember = 8;

    /// <summary>Rows that memory is asked for ahead of their use.</summary>
    private const int Ahead = 16;
    private readonly int _length = bins.Strides.Sum() * FeatureSlots;
    private readonly Stack<long[]> _free = [];
    private readonly List<long[]> _parts = [];

    /// <summary>An array for the sums of all features; give it back with <see cref="Return"/>.</summary>
    public long[] Rent() => _free.TryPop(out var histogram) ? histogram : GC.AllocateUninitializedArray<long>(_length);

    public void Return(long[] histogram) => _free.Push(histogram);

    /// <summary>Sums of all features over some rows.</summary>
    /// <returns>Parts besides the first that <see cref="Merge"/> must add.</returns>
    public int Build(ReadOnlyMemory<int> rows, long[] gradients, long[] histogram)
    {
        var groups = bins.Groups.Length;
        if (team.Size == 1 || rows.Length < RowsWorthSharing)
        {
            for (var group = 0; group < groups; group++)
            {
                Slots(histogram, group).Clear();
                Add(group, rows.Span, gradients, histogram);
            }
            return 0;
        }
        while (_parts.Count < team.Size - 1)
            _parts.Add(GC.AllocateUninitializedArray<long>(_length));
        // Blocks go to whoever is free: on a busy machine members do not run at one speed. The sums do not depend on who adds what.
        var size = Math.Max(LeastBlock, (rows.Length + BlocksPerMember * team.Size - 1) / (BlocksPerMember * team.Size));
        var blocks = (rows.Length + size - 1) / size;
        var next = -1;
        team.Run(member =>
        {
            var target = member == 0 ? histogram : _parts[member - 1];
            target.AsSpan().Clear();
            for (int task; (task = Interlocked.Increment(ref next)) < groups * blocks;)
            {
                var (group, start) = (task / blocks, task % blocks * size);
                Add(group, rows.Span.Slice(start, Math.Min(size, rows.Length - start)), gradients, target);
            }
        });
        return team.Size - 1;
    }

    /// <summary>Adds the other parts of one feature into its first.</summary>
    public void Merge(long[] histogram, int feature, int parts)
    {
        var target = histogram.AsSpan(feature * FeatureSlots, FeatureSlots);
        for (var p = 0; p < parts; p++)
        {
            var source = _parts[p].AsSpan(feature * FeatureSlots, FeatureSlots);
            for (var b = 0; b < FeatureSlots; b++)
                target[b] += source[b];
        }
    }

    /// <summary>The other child's sums: what is left of the parent's, in place.</summary>
    public static void Subtract(long[] parent, long[] child, int feature)
    {
        var target = parent.AsSpan(feature * FeatureSlots, FeatureSlots);
        var source = child.AsSpan(feature * FeatureSlots, FeatureSlots);
        for (var b = 0; b < FeatureSlots; b++)
            target[b] -= source[b];
    }

    /// <summary>Sums of one feature alone, for nodes that look at few features.</summary>
    public unsafe void BuildOne(int feature, ReadOnlySpan<int> rows, long[] gradients, long* sums)
    {
        new Span<long>(sums, FeatureSlots).Clear();
        var (column, offset, step) = bins.Column(feature);
        nint stride = step;
        fixed (byte* cells = &column[offset])
        fixed (long* gradient = gradients)
        {
            foreach (var row in rows)
                sums[cells[row * stride]] += gradient[row];
        }
    }

    private static Span<long> Slots(long[] histogram, int group)
        => histogram.AsSpan(group * BinnedMatrix.GroupWidth * FeatureSlots);

    private unsafe void Add(int group, ReadOnlySpan<int> rows, long[] gradients, long[] histogram)
    {
        fixed (byte* cells = bins.Groups[group])
        fixed (int* row = rows)
        fixed (long* gradient = gradients)
        fixed (long* sums = &histogram[group * BinnedMatrix.GroupWidth * FeatureSlots])
        {
            if (bins.Strides[group] == BinnedMatrix.GroupWidth)
                AddSixteen(cells, row, rows.Length, gradient, sums);
            else
                AddFours(cells, bins.Strides[group], row, rows.Length, gradient, sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void AddSixteen(byte* cells, int* rows, int count, long* gradients, long* sums)
    {
        for (var i = 0; i < count; i++)
        {
            if (i + Ahead < count)
            {
                KernelSelector.Prefetch(cells + (nint)rows[i + Ahead] * 16);
                KernelSelector.Prefetch(gradients + rows[i + Ahead]);
            }
            nint row = rows[i];
            var value = gradients[row];
            var cell = cells + row * 16;
            var slot = sums;
            Four(slot, cell, value);
            Four(slot + 4 * FeatureSlots, cell + 4, value);
            Four(slot + 8 * FeatureSlots, cell + 8, value);
            Four(slot + 12 * FeatureSlots, cell + 12, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void AddFours(byte* cells, nint stride, int* rows, int count, long* gradients, long* sums)
    {
        for (var i = 0; i < count; i++)
        {
            if (i + Ahead < count)
            {
                KernelSelector.Prefetch(cells + rows[i + Ahead] * stride);
                KernelSelector.Prefetch(gradients + rows[i + Ahead]);
            }
            nint row = rows[i];
            var value = gradients[row];
            var cell = cells + row * stride;
            var end = cell + stride;
            for (var slot = sums; cell != end; cell += 4, slot += 4 * FeatureSlots)
                Four(slot, cell, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Four(long* sums, byte* cell, long value)
    {
        sums[(nuint)cell[0]] += value;
        sums[FeatureSlots + (nuint)cell[1]] += value;
        sums[2 * FeatureSlots + (nuint)cell[2]] += value;
        sums[3 * FeatureSlots + (nuint)cell[3]] += value;
    }
}

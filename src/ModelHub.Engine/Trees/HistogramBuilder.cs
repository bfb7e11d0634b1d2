using ModelHub.Engine.Binning;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Sums packed gradients by bin. Work is divided into (group of features × chunk of rows); chunks have their own sums, which
/// <see cref="Merge"/> adds: whole numbers, so any division gives the same sums.
/// </summary>
internal sealed class HistogramBuilder(BinnedMatrix bins, ThreadTeam team)
{
    public const int FeatureSlots = 256;
    private const int RowsWorthSharing = 2048;
    private readonly int _length = bins.Strides.Sum() * FeatureSlots;
    private readonly Stack<long[]> _free = [];
    private readonly List<long[]> _chunks = [];

    /// <summary>An array for the sums of all features; give it back with <see cref="Return"/>.</summary>
    public long[] Rent() => _free.TryPop(out var histogram) ? histogram : GC.AllocateUninitializedArray<long>(_length);

    public void Return(long[] histogram) => _free.Push(histogram);

    /// <summary>Sums of all features over some rows.</summary>
    /// <returns>Chunks besides the first that <see cref="Merge"/> must add.</returns>
    public unsafe int Build(ReadOnlyMemory<int> rows, long[] gradients, long[] histogram)
    {
        var groups = bins.Groups.Length;
        var shared = team.Size > 1 && rows.Length >= RowsWorthSharing;
        var chunks = shared ? (team.Size + groups - 1) / groups : 1;
        while (_chunks.Count < chunks - 1)
            _chunks.Add(GC.AllocateUninitializedArray<long>(_length));
        void Task(int task, int member)
        {
            var (group, chunk) = (task % groups, task / groups);
            var start = (int)((long)rows.Length * chunk / chunks);
            var end = (int)((long)rows.Length * (chunk + 1) / chunks);
            var target = chunk == 0 ? histogram : _chunks[chunk - 1];
            var stride = bins.Strides[group];
            var slots = target.AsSpan(group * BinnedMatrix.GroupWidth * FeatureSlots, stride * FeatureSlots);
            slots.Clear();
            fixed (byte* cells = bins.Groups[group])
            fixed (int* row = rows.Span)
            fixed (long* gradient = gradients)
            fixed (long* sums = slots)
                Add(cells, stride, row + start, end - start, gradient, sums);
        }
        if (shared)
        {
            team.For(groups * chunks, Task);
        }
        else
        {
            for (var group = 0; group < groups; group++)
                Task(group, 0);
        }
        return chunks - 1;
    }

    /// <summary>Adds the other chunks of one feature into its first.</summary>
    public void Merge(long[] histogram, int feature, int chunks)
    {
        var target = histogram.AsSpan(feature * FeatureSlots, FeatureSlots);
        for (var c = 0; c < chunks; c++)
        {
            var source = _chunks[c].AsSpan(feature * FeatureSlots, FeatureSlots);
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
        var group = feature / BinnedMatrix.GroupWidth;
        nint stride = bins.Strides[group];
        fixed (byte* cells = &bins.Groups[group][feature % BinnedMatrix.GroupWidth])
        fixed (long* gradient = gradients)
        {
            foreach (var row in rows)
                sums[cells[row * stride]] += gradient[row];
        }
    }

    private static unsafe void Add(byte* cells, nint stride, int* rows, int count, long* gradients, long* sums)
    {
        for (var i = 0; i < count; i++)
        {
            var row = rows[i];
            var value = gradients[row];
            var cell = cells + row * stride;
            var end = cell + stride;
            var slot = sums;
            do
            {
                var four = *(uint*)cell;
                slot[(byte)four] += value;
                slot[FeatureSlots + (byte)(four >> 8)] += value;
                slot[2 * FeatureSlots + (byte)(four >> 16)] += value;
                slot[3 * FeatureSlots + (four >> 24)] += value;
                slot += 4 * FeatureSlots;
                cell += 4;
            }
            while (cell != end);
        }
    }
}

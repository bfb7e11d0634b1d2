using System.Runtime.CompilerServices;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Binning;

/// <summary>
/// A feature matrix as one byte per cell, twice: row by row within groups of 16 features, for histograms (a group's sums stay in the first
/// cache, and its bins are read in one piece), and column by column, for dividing rows by one feature.
/// Built once per matrix and number of bins, and shared by folds, trials and threads; it lives as long as its matrix.
/// </summary>
public sealed class BinnedMatrix
{
    public const int GroupWidth = 16;
    private const int SampleSize = 200_000;
    private const int BlockRows = 2048;
    private static readonly ConditionalWeakTable<FeatureMatrix, BinnedMatrix?[]> Cache = [];

    private BinnedMatrix(BinMapper[] mappers, byte[][] columns, byte[][] groups, int[] strides, int rowCount)
    {
        Mappers = mappers;
        Columns = columns;
        Groups = groups;
        Strides = strides;
        RowCount = rowCount;
    }

    public IReadOnlyList<BinMapper> Mappers { get; }

    public int RowCount { get; }

    public int FeatureCount => Mappers.Count;

    /// <summary>Per feature its bins.</summary>
    internal byte[][] Columns { get; }

    /// <summary>Per group of features its bins, row-major.</summary>
    internal byte[][] Groups { get; }

    /// <summary>Bytes per row of each group: its features, rounded up to four.</summary>
    internal int[] Strides { get; }

    public int Bin(int row, int feature) => Columns[feature][row];

    /// <summary>The bins of a matrix; made at the first call for a number of bins (2..255), remembered for the next.</summary>
    public static BinnedMatrix Of(FeatureMatrix features, int maxBins, ThreadTeam team)
    {
        if (maxBins is < 2 or > 255)
            throw new EngineException($"nbins is {maxBins}; it must be from 2 to 255.");
        var made = Cache.GetValue(features, _ => new BinnedMatrix?[256]);
        lock (made)
            return made[maxBins] ??= Build(features, maxBins, team);
    }

    /// <summary>Bins a matrix without remembering it.</summary>
    public static BinnedMatrix Build(FeatureMatrix features, int maxBins, ThreadTeam team)
    {
        var mappers = new BinMapper[features.FeatureCount];
        team.For(mappers.Length, (f, _) => mappers[f] = Map(features, f, maxBins));
        var groupCount = (mappers.Length + GroupWidth - 1) / GroupWidth;
        var groups = new byte[groupCount][];
        var strides = new int[groupCount];
        for (var g = 0; g < groupCount; g++)
        {
            strides[g] = Math.Min(GroupWidth, mappers.Length - g * GroupWidth + 3 & ~3);
            var bytes = (long)features.RowCount * strides[g];
            if (bytes > Array.MaxLength)
                throw new EngineException($"{features.RowCount} rows are more than trees can learn from ({Array.MaxLength / strides[g]}).");
            groups[g] = GC.AllocateUninitializedArray<byte>((int)bytes);
        }
        var columns = new byte[mappers.Length][];
        for (var f = 0; f < columns.Length; f++)
            columns[f] = GC.AllocateUninitializedArray<byte>(features.RowCount);
        team.Blocks(features.RowCount, BlockRows, (start, end) =>
        {
            for (var f = 0; f < mappers.Length; f++)
            {
                var cells = columns[f].AsSpan(start, end - start);
                if (features.Dense(f) is { } column)
                    mappers[f].Bins(column.AsSpan(start, end - start), cells);
                else
                    FillSparse(features.Sparse(f)!, start, end, mappers[f], cells);
            }
            for (var g = 0; g < groups.Length; g++)
                Transpose(columns.AsSpan(g * GroupWidth, Math.Min(GroupWidth, columns.Length - g * GroupWidth)), groups[g], strides[g], start, end);
        });
        return new BinnedMatrix(mappers, columns, groups, strides, features.RowCount);
    }

    private static BinMapper Map(FeatureMatrix features, int f, int maxBins)
    {
        var feature = features.Features[f];
        if (features.Dense(f) is { } column)
        {
            return feature.IsCategorical
                ? BinMapper.OfCategory(column, feature.Cardinality, maxBins)
                : BinMapper.OfNumber(Sample(column, column.Length), maxBins);
        }
        var sparse = features.Sparse(f)!;
        var entries = sparse.Values;
        if (feature.IsCategorical)
            throw new EngineException($"Feature '{feature.Name}' is a sparse category; categories are dense.");
        // The zeros are as many as their share of the rows in the sample.
        var kept = Math.Min(entries.Length, SampleSize);
        var zeros = entries.Length == 0
            ? Math.Min(1, features.RowCount)
            : (int)((features.RowCount - entries.Length) * (double)kept / entries.Length);
        var sample = new float[Math.Min((long)kept + zeros, 4 * SampleSize)];
        Sample(entries, Math.Min(kept, sample.Length)).CopyTo(sample);
        return BinMapper.OfNumber(sample, maxBins);
    }

    /// <summary>Values at even steps with a drawn offset each: the same for every run.</summary>
    private static float[] Sample(float[] values, int wanted)
    {
        var count = Math.Min(Math.Min(values.Length, wanted), SampleSize);
        if (count == values.Length)
            return (float[])values.Clone();
        var random = new SeededRandom(0x5EED);
        var sample = new float[count];
        for (var i = 0; i < count; i++)
        {
            var from = (int)((long)i * values.Length / count);
            var to = (int)((long)(i + 1) * values.Length / count);
            sample[i] = values[from + random.Below(Math.Max(1, to - from))];
        }
        return sample;
    }

    private static void FillSparse(SparseValues sparse, int start, int end, BinMapper mapper, Span<byte> cells)
    {
        cells.Fill((byte)mapper.Bin(0));
        var at = Array.BinarySearch(sparse.Rows, start);
        for (var i = at < 0 ? ~at : at; i < sparse.Rows.Length && sparse.Rows[i] < end; i++)
            cells[sparse.Rows[i] - start] = (byte)mapper.Bin(sparse.Values[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(ReadOnlySpan<byte[]> columns, byte[] group, int stride, int start, int end)
    {
        var rows = group.AsSpan(start * stride, (end - start) * stride);
        for (var f = 0; f < stride; f++)
        {
            var column = f < columns.Length ? columns[f].AsSpan(start, end - start) : default;
            for (int i = 0, at = f; at < rows.Length; i++, at += stride)
                rows[at] = i < column.Length ? column[i] : (byte)0;
        }
    }
}

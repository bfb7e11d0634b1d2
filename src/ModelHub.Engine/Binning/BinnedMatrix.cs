using System.Runtime.CompilerServices;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Binning;

/// <summary>
/// A feature matrix as one byte per cell, twice: row by row within groups of 16 features, for histograms (a group's sums stay in the first
/// cache, and its bins are read in one piece), and column by column, for dividing rows by one feature; a very wide matrix is kept once.
/// Built once per matrix and number of bins, and shared by folds, trials and threads; it lives as long as its matrix.
/// </summary>
public sealed class BinnedMatrix
{
    public const int GroupWidth = 16;
    private const int SampleSize = 200_000;
    private const int BlockRows = 2048;
    private static readonly ConditionalWeakTable<FeatureMatrix, BinnedMatrix?[]> Cache = [];

    private const long MostBytesTwice = 1L << 29;
    private readonly byte[][]? _columns;

    private BinnedMatrix(BinMapper[] mappers, byte[][]? columns, byte[][] groups, int[] strides, int rowCount)
    {
        Mappers = mappers;
        _columns = columns;
        Groups = groups;
        Strides = strides;
        RowCount = rowCount;
    }

    public IReadOnlyList<BinMapper> Mappers { get; }

    public int RowCount { get; }

    public int FeatureCount => Mappers.Count;

    /// <summary>Where a feature's bins are: the bin of a row is <c>Cells[Offset + row × Stride]</c>.</summary>
    internal (byte[] Cells, int Offset, int Stride) Column(int feature) => _columns is not null
        ? (_columns[feature], 0, 1)
        : (Groups[feature / GroupWidth], feature % GroupWidth, Strides[feature / GroupWidth]);

    /// <summary>Per group of features its bins, row-major.</summary>
    internal byte[][] Groups { get; }

    /// <summary>Bytes per row of each group: its features, rounded up to four.</summary>
    internal int[] Strides { get; }

    public int Bin(int row, int feature)
    {
        var (cells, offset, stride) = Column(feature);
        return cells[offset + row * stride];
    }

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
    /// <param name="mostBytesTwice">Cells beyond which the bins are kept once, not by column as well.</param>
    public static BinnedMatrix Build(FeatureMatrix features, int maxBins, ThreadTeam team, long mostBytesTwice = MostBytesTwice)
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
        var twice = (long)features.RowCount * mappers.Length <= mostBytesTwice;
        var columns = twice ? Array.ConvertAll(mappers, _ => GC.AllocateUninitializedArray<byte>(features.RowCount)) : null;
        team.Blocks(features.RowCount, BlockRows, (start, end) =>
        {
            var parts = new Memory<byte>[GroupWidth];
            var room = twice ? [] : new byte[GroupWidth * BlockRows];
            for (var g = 0; g < groups.Length; g++)
            {
                var width = Math.Min(GroupWidth, mappers.Length - g * GroupWidth);
                for (var i = 0; i < width; i++)
                {
                    var f = g * GroupWidth + i;
                    parts[i] = columns is not null ? columns[f].AsMemory(start, end - start) : room.AsMemory(i * BlockRows, end - start);
                    if (features.Dense(f) is { } column)
                        mappers[f].Bins(column.AsSpan(start, end - start), parts[i].Span);
                    else
                        FillSparse(features.Sparse(f)!, start, end, mappers[f], parts[i].Span);
                }
                Transpose(parts.AsSpan(0, width), groups[g].AsSpan(start * strides[g], (end - start) * strides[g]), strides[g]);
            }
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
    private static void Transpose(ReadOnlySpan<Memory<byte>> columns, Span<byte> rows, int stride)
    {
        for (var f = 0; f < stride; f++)
        {
            var column = f < columns.Length ? columns[f].Span : default;
            for (int i = 0, at = f; at < rows.Length; i++, at += stride)
                rows[at] = i < column.Length ? column[i] : (byte)0;
        }
    }
}

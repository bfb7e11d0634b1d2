using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Binning;

/// <summary>
/// A feature matrix in bins of one byte, held twice: by rows for building histograms, by columns for partitioning. Made once and shared
/// by all folds and trials on the same features.
/// </summary>
public sealed class BinnedMatrix
{
    private BinnedMatrix(BinMapper[] mappers, byte[] byRow, byte[][] byColumn, int rowCount)
    {
        Mappers = mappers;
        ByRow = byRow;
        ByColumn = byColumn;
        RowCount = rowCount;
        Offsets = new int[mappers.Length + 1];
        for (var f = 0; f < mappers.Length; f++)
            Offsets[f + 1] = Offsets[f] + mappers[f].ValueBins + 1;
    }

    public BinMapper[] Mappers { get; }

    /// <summary>RowCount × FeatureCount, row after row.</summary>
    public byte[] ByRow { get; }

    public byte[][] ByColumn { get; }

    public int RowCount { get; }

    public int FeatureCount => Mappers.Length;

    /// <summary>Where each feature's bins begin in a histogram; the last entry is a histogram's length.</summary>
    public int[] Offsets { get; }

    private static readonly ConditionalWeakTable<FeatureMatrix, ConcurrentDictionary<int, BinnedMatrix>> Known = [];

    /// <summary>The bins of a matrix, made by whoever asks first and kept as long as the matrix is.</summary>
    public static BinnedMatrix Shared(FeatureMatrix features, int mostBins, ThreadTeam team)
    {
        var known = Known.GetOrCreateValue(features);
        lock (known)
            return known.GetOrAdd(mostBins, bins => Of(features, bins, team));
    }

    public static BinnedMatrix Of(FeatureMatrix features, int mostBins, ThreadTeam team)
    {
        var count = features.FeatureCount;
        var rows = features.RowCount;
        if ((long)rows * count > Array.MaxLength)
            throw new EngineException($"{rows} rows of {count} features are more than this engine can bin.");
        var mappers = new BinMapper[count];
        var byColumn = new byte[count][];
        var next = 0;
        team.Run(_ =>
        {
            for (int f; (f = Interlocked.Increment(ref next) - 1) < count;)
            {
                mappers[f] = BinMapper.Of(features, f, mostBins);
                byColumn[f] = BinColumn(features, f, mappers[f]);
            }
        });
        var byRow = new byte[(long)rows * count];
        team.Split(rows, 1000, (from, to) => Transpose(byColumn, byRow, from, to));
        return new BinnedMatrix(mappers, byRow, byColumn, rows);
    }

    private static byte[] BinColumn(FeatureMatrix features, int feature, BinMapper mapper)
    {
        var column = new byte[features.RowCount];
        if (features.Dense(feature) is { } dense)
        {
            for (var r = 0; r < column.Length; r++)
                column[r] = mapper.Bin(dense[r]);
            return column;
        }
        var sparse = features.Sparse(feature)!;
        Array.Fill(column, mapper.Bin(0));
        for (var i = 0; i < sparse.Rows.Length; i++)
            column[sparse.Rows[i]] = mapper.Bin(sparse.Values[i]);
        return column;
    }

    private static void Transpose(byte[][] byColumn, byte[] byRow, int from, int to)
    {
        const int Block = 256; // rows whose bytes stay in the cache while all columns are visited
        var count = byColumn.Length;
        for (var start = from; start < to; start += Block)
        {
            var end = Math.Min(start + Block, to);
            for (var f = 0; f < count; f++)
            {
                var column = byColumn[f];
                var at = (long)start * count + f;
                for (var r = start; r < end; r++, at += count)
                    byRow[at] = column[r];
            }
        }
    }
}

using System.Runtime.CompilerServices;
using ModelHub.Engine.Binning;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// The rows of a tree, each node's in one contiguous range, ascending. A split moves the left ones to the front; the order stays
/// as it was, for any number of threads.
/// </summary>
internal sealed class RowPartition(BinnedMatrix bins, ThreadTeam team, int capacity)
{
    private const int ChunkRows = 16384;
    private readonly int[] _lefts = new int[capacity];
    private readonly int[] _rights = new int[capacity];
    private readonly byte[] _goesLeft = new byte[256];

    public int[] Rows { get; } = new int[capacity];

    /// <summary>Divides a range by a split; returns how many rows went to the left.</summary>
    public int Divide(int begin, int count, in Split split)
    {
        for (var b = 0; b < _goesLeft.Length; b++)
            _goesLeft[b] = split.Left.Contains(b) ? (byte)1 : (byte)0;
        var feature = split.Feature;
        var chunks = (count + ChunkRows - 1) / ChunkRows;
        if (chunks == 1)
        {
            var moved = Sort(feature, begin, count);
            Place(begin, moved, begin);
            PlaceRights(begin, count - moved, begin + moved);
            return moved;
        }
        var lefts = new int[chunks];
        team.For(chunks, (c, _) =>
        {
            var start = c * ChunkRows;
            lefts[c] = Sort(feature, begin + start, Math.Min(ChunkRows, count - start));
        });
        var offsets = new int[chunks];
        var total = 0;
        for (var c = 0; c < chunks; c++)
        {
            offsets[c] = total;
            total += lefts[c];
        }
        team.For(chunks, (c, _) =>
        {
            var start = c * ChunkRows;
            Place(begin + start, lefts[c], begin + offsets[c]);
            PlaceRights(begin + start, Math.Min(ChunkRows, count - start) - lefts[c], begin + total + start - offsets[c]);
        });
        return total;
    }

    private void Place(int from, int count, int to) => _lefts.AsSpan(from, count).CopyTo(Rows.AsSpan(to));

    private void PlaceRights(int from, int count, int to) => _rights.AsSpan(from, count).CopyTo(Rows.AsSpan(to));

    /// <summary>Writes a chunk's left rows and its right rows to the same place of two arrays; returns how many are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private unsafe int Sort(int feature, int begin, int count)
    {
        var (column, offset, step) = bins.Column(feature);
        nint stride = step;
        fixed (byte* cells = &column[offset], goes = _goesLeft)
        fixed (int* rows = &Rows[begin], lefts = &_lefts[begin], rights = &_rights[begin])
        {
            nint left = 0;
            // Every row is written to both sides; only the side that it belongs to moves on.
            for (nint i = 0; i < count; i++)
            {
                nint row = rows[i];
                lefts[left] = (int)row;
                rights[i - left] = (int)row;
                left += goes[cells[row * stride]];
            }
            return (int)left;
        }
    }
}

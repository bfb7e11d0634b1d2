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
    private readonly int[] _scratch = new int[capacity];
    private readonly byte[] _left = new byte[256];

    public int[] Rows { get; } = new int[capacity];

    /// <summary>Divides a range by a split; returns how many rows went to the left.</summary>
    public int Divide(int begin, int count, in Split split)
    {
        for (var b = 0; b < _left.Length; b++)
            _left[b] = split.Left.Contains(b) ? (byte)1 : (byte)0;
        var feature = split.Feature;
        var chunks = (count + ChunkRows - 1) / ChunkRows;
        if (chunks == 1)
        {
            var moved = DivideChunk(feature, begin, count);
            _scratch.AsSpan(begin, count).CopyTo(Rows.AsSpan(begin));
            return moved;
        }
        var lefts = new int[chunks];
        team.For(chunks, (c, _) =>
        {
            var start = c * ChunkRows;
            lefts[c] = DivideChunk(feature, begin + start, Math.Min(ChunkRows, count - start));
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
            var size = Math.Min(ChunkRows, count - start);
            var chunk = _scratch.AsSpan(begin + start, size);
            chunk[..lefts[c]].CopyTo(Rows.AsSpan(begin + offsets[c]));
            chunk[lefts[c]..].CopyTo(Rows.AsSpan(begin + total + start - offsets[c]));
        });
        return total;
    }

    /// <summary>Writes a chunk's left rows and then its right rows to the same place of the scratch array.</summary>
    private unsafe int DivideChunk(int feature, int begin, int count)
    {
        var group = feature / BinnedMatrix.GroupWidth;
        nint stride = bins.Strides[group];
        var left = 0;
        fixed (byte* cells = &bins.Groups[group][feature % BinnedMatrix.GroupWidth])
        fixed (byte* goes = _left)
        fixed (int* rows = &Rows[begin], scratch = &_scratch[begin])
        {
            // Lefts are packed to the front of the chunk itself (they never overtake the reading), rights to the scratch.
            var right = 0;
            for (var i = 0; i < count; i++)
            {
                var row = rows[i];
                int goesLeft = goes[cells[row * stride]];
                rows[left] = row;
                scratch[right] = row;
                left += goesLeft;
                right += 1 - goesLeft;
            }
            new Span<int>(scratch, right).CopyTo(new Span<int>(scratch + left, right));
            new Span<int>(rows, left).CopyTo(new Span<int>(scratch, left));
        }
        return left;
    }
}

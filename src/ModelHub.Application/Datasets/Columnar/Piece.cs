using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>What a run of rows takes of one chunk of a column, or of a stretch where the column is not there.</summary>
/// <param name="From">First row within the group.</param>
/// <param name="To">First row of the run.</param>
internal readonly record struct Piece(
    ChunkEncoding Encoding, byte[] Bytes, bool Sparse, Content Content, LevelDictionary? Levels, int GroupRows, int From, int Count, int To)
{
    /// <summary>Those that the run lies in, in order; bytes are read as they are asked for.</summary>
    public static IEnumerable<Piece> Of(ColumnarPart[] parts, MergedColumn column, long first, int count)
    {
        long start = 0;
        for (var p = 0; p < parts.Length; p++)
        {
            for (var g = 0; g < parts[p].Groups.Length; g++)
            {
                var rows = parts[p].Groups[g];
                var from = Math.Max(first, start);
                var to = Math.Min(first + count, start + rows);
                if (from < to)
                {
                    var held = column.Parts[p];
                    var chunk = held is null ? default : held.Chunks[g];
                    yield return new Piece(
                        chunk.Encoding, held is null ? [] : parts[p].Read(chunk), held?.Sparse ?? column.Sparse, held?.Content ?? Content.None,
                        held?.Levels, rows, (int)(from - start), (int)(to - from), (int)(from - first));
                }
                start += rows;
            }
        }
    }

    /// <summary>Of a sparse chunk: rows within the group, and their values.</summary>
    public (int[] Rows, double[] Values) Entries()
    {
        var stored = Bytes.Length / 12;
        var values = new double[stored];
        for (var i = 0; i < stored; i++)
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(Bytes.AsSpan(stored * 4 + i * 8));
        return (MemoryMarshal.Cast<byte, int>(Bytes.AsSpan(0, stored * 4)).ToArray(), values);
    }
}

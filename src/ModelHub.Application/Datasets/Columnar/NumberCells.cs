namespace ModelHub.Application.Datasets.Columnar;

/// <summary>The numbers of a group of rows of one column; of a sparse one those that are not zero.</summary>
internal sealed class NumberCells(bool sparse)
{
    private double[] _values = [];
    private int[] _rows = [];
    private int _stored;

    public void Set(int row, double value)
    {
        if (!sparse)
        {
            Room.At(ref _values, row) = value;
            return;
        }
        if (value == 0)
            return;
        Room.At(ref _rows, _stored) = row;
        Room.At(ref _values, _stored++) = value;
    }

    /// <summary>The chunk of the group that ended; counts it and makes room for the next.</summary>
    public (ChunkEncoding Encoding, byte[] Bytes) TakeChunk(int rows, ColumnSketch sketch)
    {
        if (!sparse)
        {
            sketch.AddNumbers(_values.AsSpan(0, rows));
            return (ChunkEncoding.Numbers, Chunk.Raw<double>(_values.AsSpan(0, rows)).ToArray());
        }
        var at = _rows.AsSpan(0, _stored);
        var values = _values.AsSpan(0, _stored);
        _stored = 0;
        sketch.AddNumbers(values);
        sketch.AddZeros(rows - values.Length);
        return values.IsEmpty ? (ChunkEncoding.Empty, []) : (ChunkEncoding.Sparse, [.. Chunk.Raw<int>(at), .. Chunk.Raw<double>(values)]);
    }
}

/// <summary>Arrays that grow as they are written to.</summary>
internal static class Room
{
    public static ref T At<T>(ref T[] array, int at)
    {
        if (at >= array.Length)
            Array.Resize(ref array, Math.Max(16, at * 2));
        return ref array[at];
    }
}

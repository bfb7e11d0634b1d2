using System.Text;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>Writes a columnar file front to back; the stream need not seek. See <see cref="ColumnarFormat"/>.</summary>
internal sealed class ColumnarWriter
{
    private readonly Stream _stream;
    private readonly List<int> _groups = [];
    private readonly List<List<Chunk>> _chunks = [];
    private long _offset = ColumnarFormat.HeaderBytes;

    public ColumnarWriter(Stream stream)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Columnar files are written on little-endian machines.");
        _stream = stream;
        _stream.Write(BitConverter.GetBytes(ColumnarFormat.Magic));
        _stream.Write(BitConverter.GetBytes(ColumnarFormat.Version));
    }

    /// <summary>Takes the chunks of a group out of the builders, and writes them if they are wanted.</summary>
    public void Group(IReadOnlyList<ColumnBuilder> columns, int rows, bool wanted)
    {
        while (_chunks.Count < columns.Count)
        {
            var late = new List<Chunk>(_groups.Count);
            foreach (var _ in _groups)
                late.Add(default);
            // The groups before the column appeared: missing, or zero when it is sparse.
            foreach (var earlier in _groups)
                Count(columns[_chunks.Count], earlier);
            _chunks.Add(late);
        }
        _groups.Add(rows);
        for (var c = 0; c < columns.Count; c++)
        {
            var (encoding, bytes) = columns[c].TakeChunk(rows);
            _chunks[c].Add(new Chunk(encoding, _offset, bytes.Length, wanted && bytes.Length > 0 ? Chunk.CheckOf(bytes) : 0));
            if (!wanted || bytes.Length == 0)
                continue;
            _stream.Write(bytes);
            _offset += bytes.Length;
        }
    }

    public void Finish(IReadOnlyList<ColumnBuilder> columns)
    {
        using var memory = new MemoryStream();
        using var footer = new BinaryWriter(memory, Encoding.UTF8);
        footer.Write(_groups.Count);
        foreach (var rows in _groups)
            footer.Write(rows);
        footer.Write(columns.Count);
        for (var c = 0; c < columns.Count; c++)
        {
            var column = columns[c];
            footer.Write(column.Name);
            footer.Write((byte)(column.Forced is { } kind ? (int)kind + 1 : 0));
            footer.Write((byte)column.Content);
            footer.Write(column.Sparse);
            column.Sketch.Write(footer);
            column.Levels.Write(footer);
            foreach (var chunk in _chunks[c])
            {
                footer.Write((byte)chunk.Encoding);
                if (chunk.Encoding == ChunkEncoding.Empty)
                    continue;
                footer.Write(chunk.Offset);
                footer.Write(chunk.Length);
                footer.Write(chunk.Check);
            }
        }
        footer.Flush();
        var bytes = memory.GetBuffer().AsSpan(0, (int)memory.Length);
        _stream.Write(bytes);
        _stream.Write(BitConverter.GetBytes((long)bytes.Length));
        _stream.Write(BitConverter.GetBytes(Chunk.CheckOf(bytes)));
        _stream.Write(BitConverter.GetBytes(ColumnarFormat.Magic));
        _stream.Flush();
    }

    private static void Count(ColumnBuilder column, int rows)
    {
        if (column.Sparse)
            column.Sketch.AddZeros(rows);
        else
            column.Sketch.AddMissing(rows);
    }
}

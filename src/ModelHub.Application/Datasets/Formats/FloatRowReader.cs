using System.Buffers.Binary;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>Little-endian float32 rows of a given dimension: numeric columns f1..fN. NaN is missing.</summary>
internal sealed class FloatRowReader(BoundedSource source, TableSink sink, ReadOptions options, RowExtras extras)
{
    private int _first;

    public void Run()
    {
        var dim = options.VectorDim ?? throw new DatasetFormatException("Binary data needs the dimension of its rows.");
        if (dim < 1 || dim > options.Limits.MaxColumns)
            throw new DatasetFormatException($"The dimension must be from 1 to {options.Limits.MaxColumns}.");
        _first = sink.Columns.Count;
        for (var i = 0; i < dim; i++)
            sink.AddColumn($"f{i + 1}", sparse: false, ColumnKind.Numeric);
        var row = new byte[dim * 4];
        var block = new byte[row.Length * Math.Max(1, (256 << 10) / row.Length)];
        while (true)
        {
            var read = source.Fill(block);
            if (read % row.Length != 0)
            {
                throw new DatasetFormatException(
                    $"The length of the data is not a multiple of {row.Length} bytes, which {dim} float32 values take.");
            }
            for (var at = 0; at < read; at += row.Length)
                Row(block.AsSpan(at, row.Length), dim);
            if (read < block.Length)
                return;
        }
    }

    private void Row(ReadOnlySpan<byte> row, int dim)
    {
        for (var i = 0; i < dim; i++)
        {
            var value = BinaryPrimitives.ReadSingleLittleEndian(row[(i * 4)..]);
            if (float.IsInfinity(value))
                throw new DatasetFormatException("The number is infinite.", sink.RowCount + 1, $"f{i + 1}");
            sink.Cell(_first + i, value);
        }
        extras.Apply(sink.RowCount + 1);
        sink.EndRow();
    }
}

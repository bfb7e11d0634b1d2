using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace ModelHub.Application.Parquet;

/// <summary>
/// A Parquet file written front to back, a row group per block of rows: plain pages without compression, all columns optional. Row groups are made
/// on several threads and may come in any order of making, if they are sent in the order of their first rows.
/// </summary>
public sealed class ParquetFileWriter(IReadOnlyList<TypedColumn> columns)
{
    private readonly ConcurrentDictionary<long, ParquetRowGroup> _groups = new();

    public IReadOnlyList<TypedColumn> Columns { get; } = columns;

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <summary>The row group that begins with this row of the file; its columns are to be written in their order.</summary>
    public ParquetRowGroup Group(long firstRow, int rows, IBufferWriter<byte> output) =>
        _groups[firstRow] = new ParquetRowGroup(Columns, rows, output);

    /// <summary>What stands behind the row groups.</summary>
    public void WriteEnd(IBufferWriter<byte> output)
    {
        ParquetRowGroup[] groups = [.. _groups.OrderBy(g => g.Key).Select(g => g.Value)];
        var footer = new ThriftWriter();
        footer.Integer(1, 1).Structures(2, Columns.Count + 1);
        footer.Item().Text(4, "rows").Integer(5, Columns.Count).Close();
        foreach (var column in Columns)
            WriteSchema(footer, column);
        footer.Long(3, groups.Sum(g => (long)g.Rows)).Structures(4, groups.Length);
        long offset = Magic.Length;
        foreach (var group in groups)
            offset = group.Describe(footer, offset);
        footer.Text(6, "ModelHub").Close();
        output.Write(footer.Written);
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(4), footer.Written.Length);
        output.Advance(4);
        output.Write(Magic);
    }

    /// <summary>Numbers of parquet.thrift's Type.</summary>
    internal static int PhysicalType(CellType type) => type switch
    {
        CellType.Truth => 0,
        CellType.Day => 1,
        CellType.Whole or CellType.Moment => 2,
        CellType.Single => 4,
        CellType.Double => 5,
        CellType.Text => 6,
    };

    private static void WriteSchema(ThriftWriter footer, TypedColumn column)
    {
        footer.Item().Integer(1, PhysicalType(column.Type)).Integer(3, 1).Text(4, column.Name);
        if (column.Type is CellType.Text or CellType.Day or CellType.Moment)
            footer.Integer(6, column.Type switch { CellType.Text => 0, CellType.Day => 6, _ => 10 });
        footer.Close();
    }
}

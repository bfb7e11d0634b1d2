using System.Buffers;
using System.Buffers.Binary;

namespace ModelHub.Application.Parquet;

/// <summary>The columns of one row group on their way out.</summary>
public sealed class ParquetRowGroup
{
    private readonly IReadOnlyList<TypedColumn> _columns;
    private readonly IBufferWriter<byte> _output;
    private readonly List<int> _sizes = [];

    internal ParquetRowGroup(IReadOnlyList<TypedColumn> columns, int rows, IBufferWriter<byte> output) =>
        (_columns, Rows, _output) = (columns, rows, output);

    public int Rows { get; }

    /// <summary>A column as it was read.</summary>
    public void Write(BatchColumn cells)
    {
        var present = Rows;
        for (var r = 0; cells.HasMissing && r < Rows; r++)
            present -= cells.IsMissing(r) ? 1 : 0;
        var levels = cells.HasMissing ? Levels(cells) : AllPresent();
        switch (cells.Type)
        {
            case CellType.Text:
                WriteTexts(cells, levels);
                break;
            case CellType.Truth:
                WriteTruths(cells, levels, present);
                break;
            default:
                var width = TypedColumn.WidthOf(cells.Type);
                var room = Page(levels, present * width);
                if (!cells.HasMissing)
                    cells.Values<byte>()[..(Rows * width)].CopyTo(room);
                else
                    Pack(cells, width, room);
                _output.Advance(present * width);
                break;
        }
    }

    /// <summary>Numbers, NaN for a missing one.</summary>
    public void Write(ReadOnlySpan<double> values)
    {
        var cells = new BatchColumn(new TypedColumn("", CellType.Double), Rows);
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).CopyTo(cells.Room(0, Rows));
        for (var r = 0; r < Rows; r++)
        {
            if (double.IsNaN(values[r]))
                cells.SetMissing(r);
        }
        Write(cells);
        cells.Dispose();
    }

    /// <summary>Texts by number, such as the classes of rows.</summary>
    public void Write(ReadOnlySpan<int> numbers, byte[][] texts)
    {
        var size = 0;
        foreach (var number in numbers)
            size += 4 + texts[number].Length;
        var room = Page(AllPresent(), size);
        foreach (var number in numbers)
            room = Append(texts[number], room);
        _output.Advance(size);
    }

    /// <summary>Describes itself in the footer; returns where the next group begins.</summary>
    internal long Describe(ThriftWriter footer, long offset)
    {
        footer.Item().Structures(1, _columns.Count);
        for (var c = 0; c < _columns.Count; c++)
        {
            footer.Item().Long(2, offset).Open(3).Integer(1, ParquetFileWriter.PhysicalType(_columns[c].Type)).Integers(2, 0, 3).Texts(3, _columns[c].Name)
                .Integer(4, 0).Long(5, Rows).Long(6, _sizes[c]).Long(7, _sizes[c]).Long(9, offset).Close().Close();
            offset += _sizes[c];
        }
        footer.Long(2, _sizes.Sum(s => (long)s)).Long(3, Rows).Close();
        return offset;
    }

    /// <summary>Writes the page's head and its levels; the values' room is to be advanced over by the caller.</summary>
    private Span<byte> Page(byte[] levels, int valueBytes)
    {
        var size = checked(4 + levels.Length + valueBytes);
        // PageHeader: a data page of plain values with levels in the hybrid form.
        var head = new ThriftWriter().Integer(1, 0).Integer(2, size).Integer(3, size)
            .Open(5).Integer(1, Rows).Integer(2, 0).Integer(3, 3).Integer(4, 3).Close().Close();
        _output.Write(head.Written);
        BinaryPrimitives.WriteInt32LittleEndian(_output.GetSpan(4), levels.Length);
        _output.Advance(4);
        _output.Write(levels);
        _sizes.Add(head.Written.Length + size);
        return _output.GetSpan(Math.Max(1, valueBytes));
    }

    /// <summary>One run of ones.</summary>
    private byte[] AllPresent() => [.. Varint((uint)Rows << 1), 1];

    /// <summary>A bit per row.</summary>
    private byte[] Levels(BatchColumn cells)
    {
        byte[] head = [.. Varint((uint)((Rows + 7) / 8) << 1 | 1)];
        var all = new byte[head.Length + (Rows + 7) / 8];
        head.CopyTo(all, 0);
        for (var r = 0; r < Rows; r++)
        {
            if (!cells.IsMissing(r))
                all[head.Length + r / 8] |= (byte)(1 << r % 8);
        }
        return all;
    }

    private void WriteTexts(BatchColumn cells, byte[] levels)
    {
        var size = 0;
        for (var r = 0; r < Rows; r++)
            size = checked(size + (cells.IsMissing(r) ? 0 : 4 + cells.Text(r).Length));
        var room = Page(levels, size);
        for (var r = 0; r < Rows; r++)
        {
            if (!cells.IsMissing(r))
                room = Append(cells.Text(r), room);
        }
        _output.Advance(size);
    }

    private void WriteTruths(BatchColumn cells, byte[] levels, int present)
    {
        var room = Page(levels, (present + 7) / 8)[..((present + 7) / 8)];
        room.Clear();
        var at = 0;
        for (var r = 0; r < Rows; r++)
        {
            if (cells.IsMissing(r))
                continue;
            room[at / 8] |= (byte)(cells.Values<byte>()[r] << at % 8);
            at++;
        }
        _output.Advance(room.Length);
    }

    private void Pack(BatchColumn cells, int width, Span<byte> room)
    {
        for (var r = 0; r < Rows; r++)
        {
            if (cells.IsMissing(r))
                continue;
            cells.Values<byte>().Slice(r * width, width).CopyTo(room);
            room = room[width..];
        }
    }

    private static Span<byte> Append(ReadOnlySpan<byte> text, Span<byte> room)
    {
        BinaryPrimitives.WriteInt32LittleEndian(room, text.Length);
        text.CopyTo(room[4..]);
        return room[(4 + text.Length)..];
    }

    private static IEnumerable<byte> Varint(uint value)
    {
        for (; value >= 0x80; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}

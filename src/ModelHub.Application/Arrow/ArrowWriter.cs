using System.Buffers.Binary;
using System.Text;

namespace ModelHub.Application.Arrow;

/// <summary>Writes a table in Arrow's IPC format: one batch, as a stream or as a file.</summary>
public static class ArrowWriter
{
    private const short Version5 = 4;
    private const short DoublePrecision = 2;
    private const short Milliseconds = 1;

    public static byte[] Write(IReadOnlyList<FrameColumn> columns, bool isFile)
    {
        var output = new MemoryStream();
        if (isFile)
            output.Write("ARROW1\0\0"u8);
        WriteMessage(output, 1, b => SchemaOf(b, columns), []);
        var (body, nodes, buffers) = BodyOf(columns);
        var rows = columns.Count == 0 ? 0 : columns[0].RowCount;
        var at = output.Position;
        var length = WriteMessage(output, 3, b => b.Table(
            FlatBuilder.Long(0, rows),
            FlatBuilder.Child(1, () => b.Structs(nodes.Count / 2, nodes)),
            FlatBuilder.Child(2, () => b.Structs(buffers.Count / 2, buffers))), body);
        output.Write([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);
        if (isFile)
            WriteFooter(output, columns, at, length, body.Length);
        return output.ToArray();
    }

    /// <summary>A message: its length, its FlatBuffer, its body; the bytes before the body.</summary>
    private static int WriteMessage(MemoryStream output, byte kind, Func<FlatBuilder, int> header, byte[] body)
    {
        var builder = new FlatBuilder();
        var metadata = builder.Finish(() => builder.Table(
            FlatBuilder.Short(0, Version5), FlatBuilder.Byte(1, kind), FlatBuilder.Child(2, () => header(builder)),
                FlatBuilder.Long(3, body.Length)));
        var head = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(head, uint.MaxValue);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), metadata.Length);
        output.Write(head);
        output.Write(metadata);
        output.Write(body);
        return head.Length + metadata.Length;
    }

    private static int SchemaOf(FlatBuilder b, IReadOnlyList<FrameColumn> columns) =>
        b.Table(FlatBuilder.Child(1, () => b.Tables([.. columns.Select<FrameColumn, Func<int>>(c => () => FieldOf(b, c.Name, c))])));

    private static int FieldOf(FlatBuilder b, string name, FrameColumn column)
    {
        var kind = column switch
        {
            { Texts: not null } => ArrowType.Utf8,
            { Lists: not null } => ArrowType.List,
            { IsTruth: true } => ArrowType.Bool,
            { IsTime: true } => ArrowType.Timestamp,
            _ => ArrowType.FloatingPoint,
        };
        Func<int> type = kind switch
        {
            ArrowType.FloatingPoint => () => b.Table(FlatBuilder.Short(0, DoublePrecision)),
            ArrowType.Timestamp => () => b.Table(FlatBuilder.Short(0, Milliseconds)),
            _ => () => b.Table(),
        };
        Func<int>[] children = kind == ArrowType.List ? [() => FieldOf(b, "item", FrameColumn.Of("item", Array.Empty<double>()))] : [];
        return b.Table(
            FlatBuilder.Child(0, () => b.Text(name)), FlatBuilder.Byte(1, 1), FlatBuilder.Byte(2, (byte)kind), FlatBuilder.Child(3, type),
            FlatBuilder.Child(5, () => b.Tables(children)));
    }

    private static (byte[] Body, List<long> Nodes, List<long> Buffers) BodyOf(IReadOnlyList<FrameColumn> columns)
    {
        var body = new MemoryStream();
        var (nodes, buffers) = (new List<long>(), new List<long>());
        foreach (var column in columns)
        {
            if (column.Texts is { } texts)
                PutTexts(texts);
            else if (column.Lists is { } lists)
                PutLists(lists);
            else
                PutNumbers(column.Numbers!, column.IsTruth, column.IsTime);
        }
        return (body.ToArray(), nodes, buffers);

        void PutNumbers(double[] numbers, bool isTruth, bool isTime)
        {
            Node(numbers.Length, i => double.IsNaN(numbers[i]));
            Buffer(isTruth ? Bits(numbers.Length, i => numbers[i] == 1) : Eights(numbers, isTime));
        }

        void PutTexts(string?[] texts)
        {
            Node(texts.Length, i => texts[i] is null);
            byte[][] utf8 = [.. texts.Select(t => t is null ? [] : Encoding.UTF8.GetBytes(t))];
            Buffer(Ends(utf8.Select(t => t.Length)));
            Buffer([.. utf8.SelectMany(t => t)]);
        }

        void PutLists(double[]?[] lists)
        {
            Node(lists.Length, i => lists[i] is null);
            Buffer(Ends(lists.Select(l => l?.Length ?? 0)));
            PutNumbers([.. lists.SelectMany(l => l ?? [])], isTruth: false, isTime: false);
        }

        void Node(int count, Func<int, bool> missing)
        {
            var absent = Enumerable.Range(0, count).Count(missing);
            nodes.AddRange([count, absent]);
            Buffer(absent == 0 ? [] : Bits(count, i => !missing(i)));
        }

        void Buffer(byte[] bytes)
        {
            buffers.AddRange([body.Position, bytes.Length]);
            body.Write(bytes);
            body.Write(new byte[(8 - bytes.Length % 8) % 8]);
        }
    }

    private static byte[] Eights(double[] numbers, bool areWhole)
    {
        var bytes = new byte[numbers.Length * 8];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (areWhole)
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * 8), (long)numbers[i]);
            else
                BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * 8), numbers[i]);
        }
        return bytes;
    }

    private static byte[] Bits(int count, Func<int, bool> isSet)
    {
        var bytes = new byte[(count + 7) / 8];
        for (var i = 0; i < count; i++)
            bytes[i / 8] |= isSet(i) ? (byte)(1 << i % 8) : (byte)0;
        return bytes;
    }

    private static byte[] Ends(IEnumerable<int> lengths)
    {
        var ends = new List<byte>(new byte[4]);
        var end = 0;
        foreach (var length in lengths)
        {
            var four = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(four, end = checked(end + length));
            ends.AddRange(four);
        }
        return [.. ends];
    }

    private static void WriteFooter(MemoryStream output, IReadOnlyList<FrameColumn> columns, long batch, int head, int body)
    {
        var builder = new FlatBuilder();
        var footer = builder.Finish(() => builder.Table(
            FlatBuilder.Short(0, Version5),
            FlatBuilder.Child(1, () => SchemaOf(builder, columns)),
            FlatBuilder.Child(2, () => builder.Structs(0, [])),
            // A block: its offset, the length of its head in four bytes and four of nothing, the length of its body.
            FlatBuilder.Child(3, () => builder.Structs(1, [batch, head, body]))));
        output.Write(footer);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        output.Write(length);
        output.Write("ARROW1"u8);
    }
}

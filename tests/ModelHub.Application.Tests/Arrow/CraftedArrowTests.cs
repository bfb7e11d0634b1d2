using System.Buffers.Binary;
using ModelHub.Application.Arrow;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Tests.Arrow;

/// <summary>Tables made by hand that say of themselves what is not so, or what would take all memory (group D).</summary>
public sealed class CraftedArrowTests
{
    private const byte Int = (byte)ArrowType.Int;
    private const byte Null = (byte)ArrowType.Null;

    private static readonly Dictionary<string, (string Says, Func<byte[]> Make)> Lies = new(StringComparer.Ordinal)
    {
        ["rows without bytes"] = ("rows", () => Table([Null], rows: 1L << 40, nodes: [1L << 40, 0], buffers: [])),
        ["fewer rows than none"] = ("rows", () => Table([Int], rows: -1, nodes: [-1, 0], buffers: [0, 0, 0, 0])),
        ["a column longer than its batch"] = ("rows", () => Table([Null], rows: 1, nodes: [900_000, 0], buffers: [])),
        ["cells without bytes"] = ("cells", () => Table(new byte[100], rows: 1_000_000, nodes: Repeated(100, 1_000_000, 0), buffers: [])),
        ["too many columns"] = ("fields", () => Table(new byte[20_001], rows: 0, nodes: [], buffers: [])),
        ["a buffer outside the body"] = ("buffer", () => Table([Int], rows: 1, nodes: [1, 0], buffers: [0, 0, 1L << 40, 8])),
        ["a buffer in front of the body"] = ("buffer", () => Table([Int], rows: 1, nodes: [1, 0], buffers: [0, 0, -8, 8])),
        ["a buffer of a negative length"] = ("buffer", () => Table([Int], rows: 1, nodes: [1, 0], buffers: [0, 0, 0, -8])),
        ["a buffer of more than the body"] = ("buffer", () => Table([Int], rows: 1, nodes: [1, 0], buffers: [0, 0, 0, long.MaxValue])),
        ["no buffers"] = ("buffers", () => Table([Int], rows: 1, nodes: [1, 0], buffers: [])),
        ["more buffers than columns need"] = ("buffers", () => Table([Null], rows: 1, nodes: [1, 0], buffers: [0, 8])),
        ["packed buffers"] = ("compressed", () => Table([Int], rows: 1, nodes: [1, 0], buffers: [0, 0, 0, 8], isPacked: true)),
        ["lists in lists"] = ("deep", () => Stream(b => b.Table(FlatBuilder.Child(1, () => b.Tables([() => Nested(b, 20)]))))),
    };

    public static TheoryData<string> Names => [.. Lies.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_table_that_lies_is_refused_and_takes_no_memory(string lie)
    {
        var (says, make) = Lies[lie];
        var bytes = make();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Assert.Throws<ModelHubException>(() => ArrowReader.Read(bytes));
        Assert.Equal(ErrorKind.Invalid, refused.Kind);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32L << 20);
    }

    /// <summary>Others unpickle what stands there.</summary>
    [Fact]
    public void Types_of_other_programs_are_what_they_are_made_of()
    {
        var column = Assert.Single(ArrowReader.Read(Table([Int], rows: 1, nodes: [1, 0], buffers: [0, 0, 0, 8], extension: "arrow.py_extension_type")));
        Assert.Equal([5], column.Numbers!);
    }

    /// <summary>Columns of these types, all called c, and one batch with a body of the number five.</summary>
    private static byte[] Table(byte[] types, long rows, long[] nodes, long[] buffers, bool isPacked = false, string? extension = null)
    {
        var body = new byte[8];
        body[0] = 5;
        byte[] schema = Message(1, [], b => b.Table(FlatBuilder.Child(1, () => b.Tables([.. types.Select(t => (Func<int>)(() => Field(b, t, extension)))]))));
        byte[] batch = Message(3, body, b => b.Table(
            [
                FlatBuilder.Long(0, rows), FlatBuilder.Child(1, () => b.Structs(nodes.Length / 2, nodes)), FlatBuilder.Child(2, () => b.Structs(buffers.Length / 2, buffers)),
                .. isPacked ? new[] { FlatBuilder.Child(3, () => b.Table()) } : [],
            ]));
        return [.. schema, .. batch];
    }

    private static byte[] Stream(Func<FlatBuilder, int> schema) => Message(1, [], schema);

    private static int Field(FlatBuilder b, byte type, string? extension)
    {
        var kind = type == 0 ? Null : type;
        return b.Table(
            [
                FlatBuilder.Child(0, () => b.Text("c")), FlatBuilder.Byte(1, 1), FlatBuilder.Byte(2, kind),
                FlatBuilder.Child(3, () => kind == Int ? b.Table(FlatBuilder.Int(0, 64), FlatBuilder.Byte(1, 1)) : b.Table()),
                .. extension is null ? [] : new[]
                {
                    FlatBuilder.Child(6, () => b.Tables([() => b.Table(
                        FlatBuilder.Child(0, () => b.Text("ARROW:extension:name")), FlatBuilder.Child(1, () => b.Text(extension)))])),
                },
            ]);
    }

    private static int Nested(FlatBuilder b, int depth) => b.Table(
        FlatBuilder.Child(0, () => b.Text("c")), FlatBuilder.Byte(2, (byte)ArrowType.List), FlatBuilder.Child(3, () => b.Table()),
        FlatBuilder.Child(5, () => b.Tables(depth == 0 ? [] : [() => Nested(b, depth - 1)])));

    private static byte[] Message(byte kind, byte[] body, Func<FlatBuilder, int> header)
    {
        var builder = new FlatBuilder();
        var metadata = builder.Finish(() => builder.Table(
            FlatBuilder.Short(0, 4), FlatBuilder.Byte(1, kind), FlatBuilder.Child(2, () => header(builder)), FlatBuilder.Long(3, body.Length)));
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, metadata.Length);
        return [0xFF, 0xFF, 0xFF, 0xFF, .. length, .. metadata, .. body];
    }

    private static long[] Repeated(int times, params long[] numbers) => [.. Enumerable.Repeat(numbers, times).SelectMany(n => n)];
}

using System.Buffers.Binary;
using ModelHub.Application.Parquet;

namespace ModelHub.Api.Tests.Natives;

/// <summary>Parquet files made by hand, of one column x whose values are one run of its dictionary's only one: sound, or with something said that is not so.</summary>
internal static class CraftedParquet
{
    private static readonly Dictionary<string, Func<byte[]>> Made = new(StringComparer.Ordinal)
    {
        ["a footer of no length"] = () => WithFooterLength(0),
        ["a footer of a negative length"] = () => WithFooterLength(-1),
        ["a footer of 2 GB"] = () => WithFooterLength(int.MaxValue),
        ["a footer that takes all of the file"] = () => WithFooterLength(Of().Length),
        ["fewer rows than none"] = () => Of(rows: -1, values: 3),
        ["more rows than its page has"] = () => Of(rows: 10, values: 3),
        ["a page of fewer values than none"] = () => Of(values: -5),
        ["a page of a negative size"] = () => Of(pageBytes: -1),
        ["a page of 2 GB"] = () => Of(pageBytes: int.MaxValue),
        ["a page that unpacks to 2 GB"] = () => Of(unpackedBytes: int.MaxValue, codec: 2),
        ["a page of an unknown codec"] = () => Of(codec: 99),
        ["a dictionary of fewer values than none"] = () => Of(dictionary: -1),
        ["a dictionary of 2 billion values"] = () => Of(dictionary: int.MaxValue),
        ["a value that its dictionary has not"] = () => Of(index: 1),
        ["a column far behind the file's end"] = () => Of(offset: 1L << 40),
        ["a column in front of the file"] = () => Of(offset: -4),
        ["more columns than are described"] = () => Of(children: 1000),
        ["fewer columns than none"] = () => Of(children: -1),
        ["thirty thousand columns"] = () => Wide(30_000),
        ["groups in groups"] = () => Deep(10_000),
    };

    public static TheoryData<string> Lies => [.. Made.Keys];

    public static byte[] Lie(string name) => Made[name]();

    /// <param name="values">That the page says it has; as many as rows unless it lies.</param>
    /// <param name="dictionary">Values that the dictionary says it has; it has one.</param>
    /// <param name="index">Which of them every row is.</param>
    /// <param name="extensions">With what other programs keep in such files: types of their own, and pickles.</param>
    public static byte[] Of(
        long rows = 3, int? values = null, int? pageBytes = null, int? unpackedBytes = null, int codec = 0, int dictionary = 1, byte index = 0, long? offset = null,
        int children = 1, bool extensions = false)
    {
        var count = values ?? (int)rows;
        byte[] run = [1, .. Varint((uint)Math.Max(0, count) << 1), index]; // indices of one bit
        var size = pageBytes ?? run.Length;
        byte[] first =
        [
            .. new ThriftWriter().Integer(1, 2).Integer(2, 8).Integer(3, 8).Open(7).Integer(1, dictionary).Integer(2, 0).Close().Close().Written,
            7, 0, 0, 0, 0, 0, 0, 0,
        ];
        byte[] page =
        [
            .. new ThriftWriter().Integer(1, 0).Integer(2, unpackedBytes ?? size).Integer(3, size).Open(5).Integer(1, count).Integer(2, 8).Integer(3, 3).Integer(4, 3)
                .Close().Close().Written,
            .. run,
        ];
        var (start, length) = (offset ?? 4, first.Length + page.Length);
        var footer = new ThriftWriter().Integer(1, 1).Structures(2, 2);
        footer.Item().Text(4, "rows").Integer(5, children).Close();
        footer.Item().Integer(1, 2).Integer(3, 0).Text(4, "x");
        if (extensions)
            footer.Open(10).Open(15).Close().Close(); // a logical type that there is not
        footer.Close().Long(3, rows).Structures(4, 1);
        footer.Item().Structures(1, 1).Item().Long(2, start).Open(3).Integer(1, 2).Integers(2, 0, 3, 8).Texts(3, "x").Integer(4, codec).Long(5, count)
            .Long(6, length).Long(7, length).Long(9, start + first.Length).Long(11, start).Close().Close();
        footer.Long(2, length).Long(3, rows).Close();
        if (extensions)
        {
            footer.Structures(5, 2);
            footer.Item().Text(1, "ARROW:schema").Text(2, Convert.ToBase64String("ARROW:extension:name arrow.py_extension_type"u8)).Close();
            footer.Item().Text(1, "ARROW:extension:metadata").Text(2, Convert.ToBase64String("\x80\x04cos\nsystem\n(S'touch /tmp/canary'\ntR."u8)).Close();
        }
        return WithFooter([.. first, .. page], footer.Close());
    }

    /// <summary>Columns without rows.</summary>
    public static byte[] Wide(int columns)
    {
        var footer = new ThriftWriter().Integer(1, 1).Structures(2, columns + 1);
        footer.Item().Text(4, "rows").Integer(5, columns).Close();
        for (var c = 0; c < columns; c++)
            footer.Item().Integer(1, 2).Integer(3, 1).Text(4, "c" + c).Close();
        return WithFooter([], footer.Long(3, 0).Structures(4, 0).Close());
    }

    private static byte[] Deep(int groups)
    {
        var footer = new ThriftWriter().Integer(1, 1).Structures(2, groups + 1);
        for (var g = 0; g < groups; g++)
            footer.Item().Integer(3, 1).Text(4, "g").Integer(5, 1).Close();
        footer.Item().Integer(1, 2).Integer(3, 1).Text(4, "x").Close();
        return WithFooter([], footer.Long(3, 0).Structures(4, 0).Close());
    }

    private static byte[] WithFooter(byte[] pages, ThriftWriter footer)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Written.Length);
        return [.. "PAR1"u8, .. pages, .. footer.Written, .. length, .. "PAR1"u8];
    }

    private static byte[] WithFooterLength(int length)
    {
        var file = Of();
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(file.Length - 8), length);
        return file;
    }

    private static IEnumerable<byte> Varint(uint value)
    {
        for (; value >= 0x80; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}

using System.IO.Compression;
using System.Text;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Tests.Datasets;

/// <summary>Short ways to read texts in tests.</summary>
internal static class TableReading
{
    public static Table Read(string text, TableFormat format = TableFormat.Csv, Func<ReadOptions, ReadOptions>? with = null) =>
        Read(Encoding.UTF8.GetBytes(text), format, with);

    public static Table Read(byte[] bytes, TableFormat format, Func<ReadOptions, ReadOptions>? with = null)
    {
        var options = new ReadOptions(format);
        return TableReader.ReadTable(new MemoryStream(bytes), with?.Invoke(options) ?? options);
    }

    public static string Refusal(string text, TableFormat format = TableFormat.Csv, Func<ReadOptions, ReadOptions>? with = null) =>
        Refusal(Encoding.UTF8.GetBytes(text), format, with);

    public static string Refusal(byte[] bytes, TableFormat format, Func<ReadOptions, ReadOptions>? with = null) =>
        Assert.Throws<DatasetFormatException>(() => Read(bytes, format, with)).Message;

    public static byte[] Gzip(byte[] bytes)
    {
        var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return to.ToArray();
    }

    /// <summary>The columnar bytes that a text is stored as.</summary>
    public static byte[] Stored(string text, TableFormat format = TableFormat.Csv, Func<ReadOptions, ReadOptions>? with = null)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            var options = new ReadOptions(format);
            TableReader.Ingest(new MemoryStream(Encoding.UTF8.GetBytes(text)), with?.Invoke(options) ?? options, path);
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static ColumnarSet Open(params byte[][] parts) => ColumnarSet.Open([.. parts.Select(p => new MemoryStream(p))]);

    public static double[] Numbers(this Table table, string column) => Assert.IsType<NumericColumn>(table.Find(column)).Values;

    public static List<string?> Texts(this Table table, string column) => table.Find(column) switch
    {
        TextColumn text => [.. text.Values],
        CategoryColumn category => [.. category.Codes.Select(c => c < 0 ? null : category.Levels[c])],
        var other => throw new InvalidOperationException($"'{column}' is {other?.Kind}"),
    };
}

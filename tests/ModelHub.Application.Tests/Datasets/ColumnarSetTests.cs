using System.Globalization;
using System.Text;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;
using static ModelHub.Application.Tests.Datasets.TableReading;

namespace ModelHub.Application.Tests.Datasets;

public sealed class ColumnarSetTests
{
    [Fact]
    public void The_same_content_gives_the_same_bytes()
    {
        const string text = "a,b,c\n1,x,true\n2,y,false\n";
        Assert.Equal(Stored(text), Stored(text));
        Assert.Equal(Stored(text), Stored(text.Replace("\n", "\r\n", StringComparison.Ordinal)));
    }

    [Fact]
    public void Any_run_of_rows_of_a_large_table_is_read()
    {
        var text = new StringBuilder("n,c,t,d\n");
        for (var i = 0; i < 200_000; i++)
            text.Append(CultureInfo.InvariantCulture, $"{i}.5,c{i % 300},text {i},20{i % 90 + 10}-01-01\n");
        using var set = Open(Stored(text.ToString()));
        Assert.Equal(200_000, set.RowCount);
        Assert.Equal(ColumnKind.Text, set.Schema.Find("t")!.Kind);
        foreach (var (first, count) in new[] { (0L, 10L), (65_530, 20), (131_000, 66_000), (199_990, 100), (200_000, 5) })
        {
            var table = set.ReadTable(["t", "n", "c"], first, count);
            Assert.Equal(Math.Min(count, 200_000 - first), table.RowCount);
            var (numbers, levels, texts) = (table.Numbers("n"), table.Texts("c"), table.Texts("t"));
            for (var i = 0; i < table.RowCount; i += 17)
            {
                Assert.Equal(first + i + .5, numbers[i]);
                Assert.Equal($"c{(first + i) % 300}", levels[i]);
                Assert.Equal($"text {first + i}", texts[i]);
            }
        }
        Assert.Throws<DatasetFormatException>(() => set.ReadTable(["nothing"]));
    }

    [Fact]
    public void Statistics_describe_the_columns()
    {
        var text = "n,c\n" + string.Concat(Enumerable.Range(1, 1000).Select(i => $"{(i % 10 == 0 ? "" : i)},{(i % 4 == 0 ? "b" : "a")}\n"));
        var schema = TableSchema.FromJson(Open(Stored(text)).Schema.ToJson());
        var n = schema.Find("n")!;
        Assert.Equal(ColumnKind.Integer, n.Kind);
        Assert.Equal((900, 100, 1, 999), (n.Statistics.Count, n.Statistics.Missing, n.Statistics.Min, n.Statistics.Max));
        Assert.Equal(500, n.Statistics.Mean!.Value, 6);
        Assert.Equal(288.9, n.Statistics.Std!.Value, 0);
        Assert.InRange(n.Statistics.Distinct, 820, 980);
        Assert.InRange(n.Statistics.Quantiles![3], 490, 510);
        Assert.Equal(900, n.Statistics.Histogram!.Sum(), 10.0);
        Assert.Equal([new LevelCount("a", 750), new LevelCount("b", 250)], schema.Find("c")!.Statistics.TopLevels);
        Assert.Equal(2, schema.Find("c")!.Statistics.Distinct);
    }

    [Fact]
    public void Parts_are_one_table()
    {
        using var set = Open(Stored("a,b,c\n1,x,1\n2,y,2\n"), Stored("b,a,d\nz,2.5,new\nx,4,\n"));
        var table = set.ReadTable();
        Assert.Equal(["a", "b", "c", "d"], table.Columns.Select(c => c.Name));
        Assert.Equal([1, 2, 2.5, 4], table.Numbers("a"));
        Assert.Equal(ColumnKind.Numeric, table.Find("a")!.Kind);
        Assert.Equal(["x", "y", "z", "x"], table.Texts("b"));
        Assert.Equal(3, ((CategoryColumn)table.Find("b")!).Levels.Count);
        Assert.Equal([1, 2, double.NaN, double.NaN], table.Numbers("c"));
        Assert.Equal([null, null, "new", null], table.Texts("d"));
        Assert.Equal(2, set.Schema.Find("c")!.Statistics.Missing);
    }

    [Fact]
    public void Numbers_beside_texts_widen_to_texts()
    {
        using var set = Open(Stored("a\n1\n2.5\n"), Stored("a\nx\n"), Stored("a\n\n"));
        Assert.Equal(ColumnKind.Category, set.Schema.Find("a")!.Kind);
        Assert.Equal(["1", "2.5", "x", null], set.ReadTable().Texts("a"));
        var kinds = new Dictionary<string, ColumnKind> { ["a"] = ColumnKind.Numeric };
        var refused = Assert.Throws<DatasetFormatException>(() => set.ReadTable(kinds: kinds));
        Assert.Equal("Row 3, column 'a': 'x' is not a number.", refused.Message);
    }

    [Fact]
    public void Kinds_are_converted_when_read()
    {
        using var set = Open(Stored("y,z,d\n1,true,2024-01-02\n0,false,2024-01-02T03:04:05.5Z\n,,\n"));
        var kinds = new Dictionary<string, ColumnKind>
        {
            ["y"] = ColumnKind.Category,
            ["z"] = ColumnKind.Category,
            ["d"] = ColumnKind.Text,
        };
        var table = set.ReadTable(kinds: kinds);
        Assert.Equal(["1", "0", null], table.Texts("y"));
        Assert.Equal(["true", "false", null], table.Texts("z"));
        Assert.Equal(["2024-01-02", "2024-01-02T03:04:05.5Z", null], table.Texts("d"));
    }

    [Fact]
    public void Damaged_files_are_noticed()
    {
        var bytes = Stored("a,b\n1,x\n2,y\n");
        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = bytes.ToArray();
            damaged[i] ^= 0x10;
            Assert.True(Record.Exception(() => Open(damaged).ReadTable()) is InvalidDataException, $"byte {i} of {bytes.Length}");
        }
        Assert.Throws<InvalidDataException>(() => Open(bytes[..^1]));
        Assert.Throws<InvalidDataException>(() => Open(Array.Empty<byte>()));
    }

    [Fact]
    public void A_refused_file_leaves_nothing_behind()
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = Path.Combine(folder.FullName, "table");
        Assert.Throws<DatasetFormatException>(
            () => TableReader.Ingest(new MemoryStream("a,b\n1\n"u8.ToArray()), new ReadOptions(TableFormat.Csv), path));
        Assert.Empty(folder.GetFileSystemInfos());
        folder.Delete();
    }
}

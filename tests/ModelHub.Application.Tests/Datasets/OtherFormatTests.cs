using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;
using static ModelHub.Application.Tests.Datasets.TableReading;

namespace ModelHub.Application.Tests.Datasets;

public sealed class OtherFormatTests
{
    [Theory]
    [InlineData("[{\"a\": 1, \"b\": \"x\"}, {\"b\": null, \"a\": 2.5}]")]
    [InlineData("{\"data\": [{\"a\": 1, \"b\": \"x\"}, {\"a\": 2.5}]}")]
    [InlineData("{\"a\": 1, \"b\": \"\\u0078\"}\n{\"a\": 2.5}\n")]
    public void Json_in_its_three_shapes(string text)
    {
        var table = Read(text, TableFormat.Json);
        Assert.Equal([1, 2.5], table.Numbers("a"));
        Assert.Equal(["x", null], table.Texts("b"));
    }

    [Fact]
    public void Json_columns_may_appear_late_and_whole_numbers_are_one_label()
    {
        var kinds = new Dictionary<string, ColumnKind> { ["y"] = ColumnKind.Category };
        var table = Read("[{\"y\":1.0},{\"y\":1,\"t\":true},{\"y\":\"1\",\"t\":false}]", TableFormat.Json, o => o with { Kinds = kinds });
        Assert.Equal(["1", "1", "1"], table.Texts("y"));
        Assert.Equal([double.NaN, 1, 0], table.Numbers("t"));
    }

    [Theory]
    [InlineData("{", "JSON")]
    [InlineData("[]", "no rows")]
    [InlineData("5", "A table is")]
    [InlineData("[1]", "A table is")]
    [InlineData("[{\"a\":1}", "JSON")]
    [InlineData("[{\"a\":[1]}]", "Row 1, column 'a': The value is nested")]
    [InlineData("[{\"a\":1,\"a\":2}]", "Row 1, column 'a': The object names this value twice.")]
    [InlineData("[{\"a\":1e400}]", "Row 1, column 'a': The number is infinite.")]
    [InlineData("[{\"\":1}]", "no name")]
    [InlineData("[{\"a\":1}] 7", "more JSON")]
    [InlineData("[{\"a\":\"\\ud800\"}]", "Unicode")]
    public void Json_of_another_shape_is_refused(string text, string message) =>
        Assert.Contains(message, Refusal(text, TableFormat.Json), StringComparison.Ordinal);

    [Fact]
    public void Deep_json_is_refused() =>
        Assert.Contains("array of flat objects", Refusal(new string('[', 10_000), TableFormat.Json), StringComparison.Ordinal);

    [Fact]
    public void Libsvm_stays_sparse_and_labels_are_plain()
    {
        var rows = string.Concat(Enumerable.Range(0, 20).Select(i => i % 10 == 0 ? "1 3:0.5 # note\n" : "\n# nothing\n-1 1:2\n"));
        var table = Read(rows, TableFormat.Libsvm);
        Assert.Equal(["f1", "f2", "f3", "label"], table.Columns.Select(c => c.Name).Order());
        Assert.Equal(20, table.RowCount);
        Assert.Equal(ColumnKind.Integer, table.Find("label")!.Kind);
        var third = Assert.IsType<SparseColumn>(table.Find("f3"));
        Assert.Equal([0, 10], third.Rows);
        Assert.Equal([0.5, 0.5], third.Values);
        Assert.Equal(18, table.Numbers("f1").Count(v => v == 2));
    }

    [Theory]
    [InlineData("1 0:1\n", "indices start at 1")]
    [InlineData("1 -1:1\n", "indices start at 1")]
    [InlineData("1 2147483648:1\n", "is larger than 19999")]
    [InlineData("1 2:1 1:1\n", "must ascend")]
    [InlineData("1 2:1 2:1\n", "comes twice")]
    [InlineData("1 qid:3 2:1\n", "qid")]
    [InlineData("1 one:two\n", "Row 1: 'one' is not a feature index.")]
    [InlineData("1 1:two\n", "Row 1, column 'f1': 'two' is not a number.")]
    [InlineData("1 1:inf\n", "infinite")]
    [InlineData("1 2\n", "'2' is not index:value.")]
    [InlineData("# nothing\n", "no rows")]
    public void Libsvm_that_is_wrong_is_refused(string text, string message) =>
        Assert.Contains(message, Refusal(text, TableFormat.Libsvm), StringComparison.Ordinal);

    [Fact]
    public void Float_rows_with_attributes_and_ids()
    {
        var bytes = MemoryMarshal.AsBytes<float>([1f, 2f, float.NaN, 4f]).ToArray();
        using var attributes = JsonDocument.Parse("[{\"label\":\"1\",\"c\":\"A\"},{\"label\":\"0\"}]");
        using var ids = JsonDocument.Parse("[\"a\",\"b\"]");
        Func<ReadOptions, ReadOptions> with = o => o with { VectorDim = 2, Attributes = attributes.RootElement, Ids = ids.RootElement };
        var table = Read(bytes, TableFormat.Binary, with);
        Assert.Equal([1, double.NaN], table.Numbers("f1"));
        Assert.Equal([2, 4], table.Numbers("f2"));
        Assert.Equal([1, 0], table.Numbers("label"));
        Assert.Equal(["A", null], table.Texts("c"));
        Assert.Equal(["a", "b"], table.Texts("id"));
        Assert.Equal(ColumnKind.Id, table.Find("id")!.Kind);
        Assert.Contains("multiple of 8 bytes", Refusal(bytes[..12], TableFormat.Binary, with), StringComparison.Ordinal);
        Assert.Contains("2 ids, but more rows", Refusal([.. bytes, .. bytes], TableFormat.Binary, with), StringComparison.Ordinal);
        Assert.Contains("2 ids for 1 rows", Refusal(bytes[..8], TableFormat.Binary, with), StringComparison.Ordinal);
        Assert.Contains("dimension", Refusal(bytes, TableFormat.Binary), StringComparison.Ordinal);
        Assert.Contains(
            "Row 1, column 'f1'", Refusal(Encoding.Latin1.GetBytes("\0\0\u0080\u007f"), TableFormat.Binary, o => o with { VectorDim = 1 }),
            StringComparison.Ordinal);
    }
}

using System.Text;
using System.Text.Json;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;
using static ModelHub.Application.Tests.Datasets.TableReading;

namespace ModelHub.Application.Tests.Datasets;

public sealed class VectorAndExportTests
{
    [Fact]
    public void Dense_vectors_with_ids_and_attributes()
    {
        var part = Part("[[1,2],[3,null]]", "[\"a\",\"b\"]", "[{\"label\":\"1\",\"w\":1.5},{\"label\":\"0\",\"w\":true}]");
        var table = Open(part).ReadTable();
        Assert.Equal(["f1", "f2", "id", "label", "w"], table.Columns.Select(c => c.Name));
        Assert.Equal([3, double.NaN], [table.Numbers("f1")[1], table.Numbers("f2")[1]]);
        Assert.Equal(ColumnKind.Id, table.Find("id")!.Kind);
        Assert.Equal([1, 0], table.Numbers("label"));
        Assert.Equal(["1.5", "true"], table.Texts("w"));
    }

    [Fact]
    public void Sparse_vectors_by_object_or_pairs()
    {
        var table = Open(Part("[{\"2\":1.5},[[1,3]],{},{},{},{},{}]", sparse: true)).ReadTable();
        Assert.Equal([1], Assert.IsType<SparseColumn>(table.Find("f1")).Rows);
        Assert.Equal([1.5], Assert.IsType<SparseColumn>(table.Find("f2")).Values);
    }

    [Theory]
    [InlineData("[[1,2,3]]", null, null, "Row 1: The vector has 3 values, the dimension is 2.")]
    [InlineData("[[1,\"x\"]]", null, null, "Row 1, column 'f2': A vector holds numbers.")]
    [InlineData("[[1,1e400]]", null, null, "Row 1, column 'f2': The number is infinite.")]
    [InlineData("[[1,2]]", "[\"a\",\"b\"]", null, "There are 2 ids for 1 vectors.")]
    [InlineData("[[1,2]]", null, "[]", "There are 0 attributes for 1 vectors.")]
    [InlineData("[[1,2],[3,4]]", "[\"a\",\"a\"]", null, "Row 2, column 'id': The id 'a' comes twice.")]
    [InlineData("[[1,2]]", "[5]", null, "Row 1, column 'id': An id is a string.")]
    [InlineData("[[1,2]]", null, "[{\"a\":[1]}]", "Row 1, column 'a': An attribute is a string, a number or a boolean.")]
    [InlineData("\"nothing\"", null, null, "The data must be an array of vectors.")]
    [InlineData("[]", null, null, "There are no rows of data.")]
    public void Wrong_batches_are_refused(string data, string? ids, string? attributes, string message) =>
        Assert.Equal(message, Assert.Throws<DatasetFormatException>(() => Part(data, ids, attributes)).Message);

    [Fact]
    public void Export_neutralises_formulas_and_reads_back()
    {
        using var set = Open(Stored("n,t,d,b\n-1.5,=1+1,2024-01-02,true\n2,\"x, \"\"y\"\"\",,false\n,@me,2024-01-03,\n4,-5,2024-01-04,true\n"));
        var output = new MemoryStream();
        CsvExport.Write(set, output);
        var text = Encoding.UTF8.GetString(output.ToArray());
        Assert.Equal(
            "n,t,d,b\r\n-1.5,'=1+1,2024-01-02,true\r\n2,\"x, \"\"y\"\"\",,false\r\n,'@me,2024-01-03,\r\n4,-5,2024-01-04,true\r\n", text);
    }

    private static byte[] Part(string data, string? ids = null, string? attributes = null, bool sparse = false)
    {
        static JsonElement? Json(string? text) => text is null ? null : JsonDocument.Parse(text).RootElement;
        var output = new MemoryStream();
        VectorBatch.Write(output, 2, sparse, Json(data)!.Value, Json(ids), Json(attributes));
        return output.ToArray();
    }
}

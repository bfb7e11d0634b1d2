using System.Globalization;
using System.Text;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;
using static ModelHub.Application.Tests.Datasets.TableReading;

namespace ModelHub.Application.Tests.Datasets;

public sealed class CsvReaderTests
{
    [Fact]
    public void Kinds_are_inferred_and_missing_cells_stay_missing()
    {
        var table = Read("n,i,b,c,d\n1.5,1,true,x,2024-02-29\n,?,NA,null,\n-2e3,3,false,y,2024/03/01 12:30\n");
        Assert.Equal(
            [ColumnKind.Numeric, ColumnKind.Integer, ColumnKind.Boolean, ColumnKind.Category, ColumnKind.Date],
            table.Columns.Select(c => c.Kind));
        Assert.Equal([1.5, double.NaN, -2000], table.Numbers("n"));
        Assert.Equal([1, double.NaN, 3], table.Numbers("i"));
        Assert.Equal([1, double.NaN, 0], table.Numbers("b"));
        Assert.Equal(["x", null, "y"], table.Texts("c"));
        Assert.Equal([1709164800, double.NaN, 1709296200], table.Numbers("d"));
    }

    [Theory]
    [InlineData("a,b\r\n1,2\r\n3,4\r\n")]
    [InlineData("a;b\n1;2\n3;4")]
    [InlineData("a\tb\n1\t2\n\n3\t4\n\n")]
    [InlineData("\"a\"|\"b\"\r1|\"2\"\r3|4")]
    [InlineData("\uFEFFa,b\n1,2\n3,4\n")]
    public void Delimiters_line_ends_and_marks(string text)
    {
        var table = Read(text);
        Assert.Equal(["a", "b"], table.Columns.Select(c => c.Name));
        Assert.Equal([1, 3], table.Numbers("a"));
        Assert.Equal([2, 4], table.Numbers("b"));
    }

    [Fact]
    public void Quotes_hold_delimiters_line_ends_and_quotes()
    {
        var table = Read("a,b\n\"x, \"\"y\"\"\nz\",1\n\"\",2\n5\" pipe,3\n");
        Assert.Equal(["x, \"y\"\nz", null, "5\" pipe"], table.Texts("a"));
    }

    [Theory]
    [InlineData("a,b\n1\n", "Row 1: The row has 1 cell, 2 are expected.")]
    [InlineData("a,b\n1,2\n1,2,3\n", "Row 2: The row has 3 cells, 2 are expected.")]
    [InlineData("a,b\n1,\"2\n3,4\n", "Row 1, column 'b': A quote is opened and never closed.")]
    [InlineData("a,b\n1,\"2\"x\n", "Row 1, column 'b': There is text after a closing quote.")]
    [InlineData("a,a\n1,2\n", "Column 'a': Two columns have this name.")]
    [InlineData("a,\n1,2\n", "Column 2 has no name in the header.")]
    [InlineData("", "The file is empty.")]
    [InlineData("a,b\n", "There is a header, but there are no rows of data.")]
    [InlineData("a,b\n1,2\ninf,3\n", "Row 2, column 'a': The number is infinite.")]
    [InlineData("a,b\n1,2\n1e400,3\n", "Row 2, column 'a': The number is infinite.")]
    public void Broken_files_are_refused_by_row_and_column(string text, string message) =>
        Assert.Equal(message, Refusal(text, with: o => o with { HasHeader = true }));

    [Fact]
    public void Encodings_other_than_utf8_are_refused()
    {
        Assert.Contains("UTF-16", Refusal(Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("a,b\n1,2\n")).ToArray(), TableFormat.Csv), StringComparison.Ordinal);
        Assert.Equal("Row 1, column 'a': The text is not valid UTF-8.", Refusal(Encoding.Latin1.GetBytes("a,b\ncafé,2\n"), TableFormat.Csv));
    }

    [Fact]
    public void Limits_are_kept()
    {
        static Func<ReadOptions, ReadOptions> Limit(ReadLimits limits) => o => o with { Limits = limits };
        Assert.Contains("more than 3 columns", Refusal("a,b,c,d\n1,2,3,4\n", with: Limit(new ReadLimits(MaxColumns: 3))), StringComparison.Ordinal);
        Assert.Contains("more than 2 rows", Refusal("a\n1\n2\n3\n", with: Limit(new ReadLimits(MaxRows: 2))), StringComparison.Ordinal);
        Assert.Contains("larger than 10 bytes", Refusal("a,b\n1,2\n3,4\n5,6\n", with: Limit(new ReadLimits(MaxBytes: 10))), StringComparison.Ordinal);
        var line = "a,b\n1," + new string('x', 3_000_000) + "\n";
        Assert.Equal(
            "Row 1, column 'b': There is no line end within 1048576 bytes.", Refusal(line, with: Limit(new ReadLimits(MaxCellBytes: 1 << 20))));
        Assert.StartsWith(
            "Row 1, column 'b': A quote is opened and not closed within",
            Refusal(line.Replace("1,", "1,\"", StringComparison.Ordinal), with: Limit(new ReadLimits(MaxCellBytes: 1 << 20))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Gzip_is_unpacked_and_bounded()
    {
        var packed = Gzip("a,b\n1,2\n"u8.ToArray());
        Assert.Equal([1], Read(packed, TableFormat.Csv).Numbers("a"));
        Assert.Equal([1], Read(packed, TableFormat.Csv, o => o with { Packing = PackedAs.Gzip }).Numbers("a"));
        Assert.Equal("The data is not gzip.", Refusal("a,b\n1,2\n", with: o => o with { Packing = PackedAs.Gzip }));
        Assert.Contains("damaged", Refusal(packed[..^12], TableFormat.Csv), StringComparison.Ordinal);
        var bomb = Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("x,y,z,x,y,z,x,y,z,x,y,z\n", 800_000))));
        Assert.Contains("times its size", Refusal(bomb, TableFormat.Csv, o => o with { Limits = new ReadLimits(MaxRatio: 10) }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_that_stops_being_a_number_late_keeps_every_text_as_it_was()
    {
        var text = new StringBuilder("a,b,c\n");
        for (var i = 0; i < 150_000; i++)
            text.Append(CultureInfo.InvariantCulture, $"{i % 50}.50,{(i < 140_000 ? "007" : "x")},{i}\n");
        text.Append("late,x,5\n");
        var table = Read(text.ToString());
        Assert.Equal(ColumnKind.Category, table.Find("a")!.Kind);
        Assert.Equal("0.50", table.Texts("a")[0]);
        Assert.Equal("49.50", table.Texts("a")[99]);
        Assert.Equal("late", table.Texts("a")[^1]);
        Assert.Equal("007", table.Texts("b")[0]);
        Assert.Equal(ColumnKind.Integer, table.Find("c")!.Kind);
        Assert.Equal(149_999, table.Numbers("c")[149_999]);
    }

    [Fact]
    public void A_column_that_begins_with_many_missing_cells_is_what_comes_then()
    {
        var text = "a,b\n" + string.Concat(Enumerable.Repeat(",1\n", 100_000)) + "3.5,2\n";
        var values = Read(text).Numbers("a");
        Assert.Equal(3.5, values[^1]);
        Assert.All(values[..^1], v => Assert.True(double.IsNaN(v)));
    }

    [Fact]
    public void Texts_are_categories_identifiers_or_text()
    {
        var text = new StringBuilder("key,colour,note\n");
        for (var i = 0; i < 200; i++)
            text.Append(CultureInfo.InvariantCulture, $"key-{i},{(i % 3 == 0 ? "red" : "blue")},note number {i}\n");
        var table = Read(text.ToString());
        Assert.Equal([ColumnKind.Id, ColumnKind.Category, ColumnKind.Text], table.Columns.Select(c => c.Kind));
    }

    [Fact]
    public void Given_kinds_are_kept_and_cells_that_do_not_fit_refused()
    {
        var kinds = new Dictionary<string, ColumnKind> { ["a"] = ColumnKind.Category, ["b"] = ColumnKind.Numeric };
        var table = Read("a,b\n01,1\n1,2\n", with: o => o with { Kinds = kinds });
        Assert.Equal(["01", "1"], table.Texts("a"));
        Assert.Equal("Row 2, column 'b': 'x' is not a number.", Refusal("a,b\n01,1\n1,x\n", with: o => o with { Kinds = kinds }));
    }

    [Fact]
    public void A_file_without_header_takes_the_training_columns()
    {
        ColumnExpectation[] expected = [new("x", ColumnKind.Numeric), new("c", ColumnKind.Category), new("y", ColumnKind.Integer)];
        Func<ReadOptions, ReadOptions> with = o => o with { HasHeader = false, Expected = expected, LabelColumn = "y" };
        Assert.Equal(["x", "c", "y"], Read("1,2,3\n", with: with).Columns.Select(c => c.Name));
        var without = Read("1,2\n", with: with);
        Assert.Equal(["x", "c"], without.Columns.Select(c => c.Name));
        Assert.Equal(["2"], without.Texts("c"));
        Assert.Contains("has 4 columns", Refusal("1,2,3,4\n", with: with), StringComparison.Ordinal);
        Assert.Equal(["f1", "f2"], Read("1,2\n3,4\n").Columns.Select(c => c.Name));
    }

    [Fact]
    public void Numbers_are_those_of_the_platform_to_the_last_bit()
    {
        var random = new Random(7);
        for (var i = 0; i < 50_000; i++)
        {
            var value = (i % 4) switch
            {
                0 => BitConverter.Int64BitsToDouble(random.NextInt64()),
                1 => Math.Round(random.NextDouble() * 1e6, i % 9),
                2 => random.NextInt64(-1L << 60, 1L << 60),
                _ => random.NextDouble() * Math.Pow(10, random.Next(-30, 30)),
            };
            var text = value.ToString(i % 3 == 0 ? "E16" : "R", CultureInfo.InvariantCulture);
            if (!double.IsFinite(value))
                continue;
            Assert.NotEqual(NumberShape.None, CellText.Number(Encoding.UTF8.GetBytes(text), out var read));
            Assert.Equal(double.Parse(text, CultureInfo.InvariantCulture), read);
        }
        foreach (var text in new[] { "-0", "+5", ".5", "5.", "1E+05", "1e-400", "00012.50", "123456789012345678901234567890" })
        {
            Assert.NotEqual(NumberShape.None, CellText.Number(Encoding.UTF8.GetBytes(text), out var read));
            Assert.Equal(
                BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)), BitConverter.DoubleToInt64Bits(read));
        }
        foreach (var text in new[] { "", "-", ".", "e5", "1e", "1e+", "1e+-5", "1.2.3", "0x10", "1,5", "- 1", "1e5x" })
            Assert.Equal(NumberShape.None, CellText.Number(Encoding.UTF8.GetBytes(text), out _));
    }
}

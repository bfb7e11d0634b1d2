using System.Buffers;
using System.Text;
using ModelHub.Api.Tests.Registry;
using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;
using ModelHub.Infrastructure.Natives;
using ModelHub.Infrastructure.Natives.Parquet;

namespace ModelHub.Api.Tests.Natives;

/// <summary>Reading in a process of its own, whatever the file is.</summary>
public sealed class ParquetFilesTests : IDisposable
{
    private const string Types = """
        SELECT * FROM (VALUES
            (1::TINYINT, 40000000000, 7::UTINYINT, 1.25::FLOAT, 2.5::DOUBLE, 12.34::DECIMAL(9,2), true, 'short', 'a text of more than twelve bytes é',
             DATE '2024-02-03', TIMESTAMP '2024-02-03 04:05:06.5', TIMESTAMPTZ '2024-02-03 04:05:06+00', 18446744073709551615::UBIGINT),
            (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
            (-1, -5, 255, 'nan'::FLOAT, 'infinity'::DOUBLE, -0.01, false, '', 'x', DATE '1960-01-01', TIMESTAMP '1969-12-31 23:59:59', NULL, 0))
            AS t(tiny, big, small, single, frac, dec, truth, text, long, day, moment, zoned, huge)
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("modelhub-parquet-test-").FullName;

    private static ParquetFiles Files => new(NativeLibraries.Of(""));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NativeTheory]
    [InlineData("")]
    [InlineData(", COMPRESSION zstd")]
    [InlineData(", COMPRESSION uncompressed, PARQUET_VERSION v2")]
    public void Every_flat_type_is_read_and_missing_cells_are(string options)
    {
        using var rows = Open(DuckFiles.Parquet(Types, options));
        Assert.Equal(3, rows.RowCount);
        Assert.Equal(
            [
                CellType.Whole, CellType.Whole, CellType.Whole, CellType.Single, CellType.Double, CellType.Double, CellType.Truth, CellType.Text, CellType.Text,
                CellType.Day, CellType.Moment, CellType.Moment, CellType.Double,
            ],
            rows.Columns.Select(c => c.Type));
        using var batch = rows.Read()!;
        Assert.Equal(3, batch.Count);
        Assert.All(Enumerable.Range(0, 13), c => Assert.True(batch[c].IsMissing(1), rows.Columns[c].Name));
        Assert.Equal([1, 40000000000, 7, 1.25, 2.5, 12.34, 1], Enumerable.Range(0, 7).Select(c => batch[c].Number(0)));
        Assert.Equal([-1, -5, 255, double.NaN, double.PositiveInfinity, -0.01, 0], Enumerable.Range(0, 7).Select(c => batch[c].Number(2)));
        Assert.Equal(["short", "a text of more than twelve bytes é"], new[] { Text(batch, 7, 0), Text(batch, 8, 0) });
        Assert.Equal(["", "x"], new[] { Text(batch, 7, 2), Text(batch, 8, 2) });
        var moment = (new DateTime(2024, 2, 3, 4, 5, 6, DateTimeKind.Utc) - DateTime.UnixEpoch).TotalSeconds;
        Assert.Equal([moment - 4 * 3600 - 5 * 60 - 6, moment + 0.5, moment], Enumerable.Range(9, 3).Select(c => batch[c].Number(0)));
        Assert.Equal(-1, batch[10].Number(2));
        Assert.Null(rows.Read());
        Assert.Null(rows.Read());
    }

    [NativeFact]
    public void Many_row_groups_come_in_order()
    {
        using var rows = Open(DuckFiles.Parquet(
            "SELECT i AS n, 'row number ' || i AS s, CASE WHEN i % 7 = 0 THEN NULL ELSE i / 2 END AS h FROM range(100000) t(i)", ", ROW_GROUP_SIZE 10000"));
        var next = 0L;
        while (rows.Read() is { } batch)
        {
            using (batch)
            {
                for (var r = 0; r < batch.Count; r++, next++)
                {
                    Assert.Equal(next, batch[0].Values<long>()[r]);
                    Assert.Equal($"row number {next}", Text(batch, 1, r));
                    Assert.Equal(next % 7 == 0 ? double.NaN : next / 2.0, batch[2].Number(r));
                }
            }
        }
        Assert.Equal(100_000, next);
    }

    [NativeFact]
    public void Features_come_row_by_row_as_a_model_takes_them_and_cells_beside_them()
    {
        using var rows = Open(DuckFiles.Parquet(Types));
        // Features of other columns than these are not in the file; the text comes as it is, the fraction both ways.
        var wanted = new ColumnChoices([.. rows.Columns.Select(c => c.Name is "long" or "frac")], [.. rows.Columns.Select(c => Array.IndexOf(Named, c.Name))], Named.Length);
        rows.Choose(wanted);
        using var batch = rows.Read()!;
        rows.Dispose(); // the batch is good for longer
        var moment = (float)(new DateTime(2024, 2, 3, 4, 5, 6, 500, DateTimeKind.Utc) - DateTime.UnixEpoch).TotalSeconds;
        Assert.Equal(
            [
                2.5f, float.NaN, 40000000000f, 1.25f, 12.34f, 1, moment,
                .. Enumerable.Repeat(float.NaN, 7),
                float.NaN, float.NaN, -5, float.NaN, -0.01f, 0, -1,
            ],
            batch.Features.ToArray());
        Assert.Equal([2.5, double.NaN, double.PositiveInfinity], Enumerable.Range(0, 3).Select(batch[4].Number));
        Assert.Equal("x", Text(batch, 8, 2));
        Assert.True(batch[8].IsMissing(1));
    }

    private static readonly string[] Named = ["frac", "nowhere", "big", "single", "dec", "truth", "moment"];

    /// <summary>What a reader that was taken over, or went mad, could say.</summary>
    [Theory]
    [InlineData("H 3 -1")]
    [InlineData("H 3 2000000000")]
    [InlineData("H 3 1 1 -5")]
    [InlineData("H 3 1 1 2000000000")]
    [InlineData("H 3 1 7 1 R 0")]
    [InlineData("H 3 1 7 1 R -1")]
    [InlineData("H 3 1 7 1 R 2147483647")]
    [InlineData("H 3 1 7 1 R 2 -2 1")]
    [InlineData("H 3 1 7 1 R 2 2147483647 2147483647")]
    [InlineData("H 3 1 7 1 B")]
    [InlineData("H 3 1 7 1 R 1 -1 E")]
    [InlineData("H 3 1 7 1 Z")]
    [InlineData("X 2000000000")]
    [InlineData("")]
    public void A_reader_that_lies_is_refused(string says)
    {
        // Letters as they are, numbers as int32, but: behind H rows as int64, behind a count of columns a type as a byte, behind 1 (a name's length) an 'n'.
        var path = Path.Combine(_folder, "said");
        using (var said = new BinaryWriter(File.Create(path)))
        {
            var words = says.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            for (var i = 0; i < words.Length; i++)
            {
                if (char.IsLetter(words[i][0]))
                    said.Write((byte)words[i][0]);
                else if (i == 1 && words[0] == "H")
                    said.Write(long.Parse(words[i], System.Globalization.CultureInfo.InvariantCulture));
                else if (i == 3)
                    said.Write(byte.Parse(words[i], System.Globalization.CultureInfo.InvariantCulture));
                else
                    said.Write(int.Parse(words[i], System.Globalization.CultureInfo.InvariantCulture));
                if (i == 4 && words[i] == "1")
                    said.Write((byte)'n');
            }
        }
        var liar = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("cat", path)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        using var reader = new ParquetReader(new ReadingProcess(liar, path, CancellationToken.None));
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ModelHubException>(() =>
        {
            reader.ReadHead();
            reader.Read()?.Dispose();
        }).Kind);
    }

    [NativeTheory]
    [InlineData("SELECT 1 AS a, [1, 2] AS b", "'b' holds lists or structures")]
    [InlineData("SELECT 1 AS a, {'x': 1} AS c", "'c' holds lists or structures")]
    public void What_is_not_flat_is_refused_by_name(string query, string says) =>
        Assert.Contains(says, Refused(DuckFiles.Parquet(query)).Message, StringComparison.Ordinal);

    /// <summary>DuckDB would take a minute for each.</summary>
    [NativeTheory]
    [InlineData("thirty thousand columns", "it has 30000 columns; 1 to 20000 are read.")]
    [InlineData("groups in groups", "the column 'g' holds lists or structures")]
    public void A_schema_that_will_be_refused_is_not_read_first(string lie, string says) =>
        Assert.Contains(says, Refused(CraftedParquet.Lie(lie)).Message, StringComparison.Ordinal);

    [NativeFact]
    public void A_file_cut_anywhere_is_refused()
    {
        var whole = DuckFiles.Parquet("SELECT i AS n, i / 3 AS x FROM range(5000) t(i)");
        foreach (var length in new[] { 4, 12, whole.Length / 2, whole.Length - 20, whole.Length - 1 })
            Assert.StartsWith("The Parquet file cannot be read.", Refused(whole[..length]).Message, StringComparison.Ordinal);
    }

    /// <summary>D3: what a footer, a page or a schema can say of itself.</summary>
    [NativeTheory]
    [MemberData(nameof(CraftedParquet.Lies), MemberType = typeof(CraftedParquet))]
    public void A_file_that_lies_is_refused(string lie) =>
        Assert.StartsWith("The Parquet file cannot be read.", Refused(CraftedParquet.Lie(lie)).Message, StringComparison.Ordinal);

    /// <summary>D3: descriptions for other programs, which some of them run, are passed over; ten thousand columns are many and no lie.</summary>
    [NativeFact]
    public void What_others_would_run_is_not_looked_at()
    {
        foreach (var crafted in new[] { CraftedParquet.Of(), CraftedParquet.Of(extensions: true) })
        {
            using var rows = Open(crafted);
            Assert.Equal(["x"], rows.Columns.Select(c => c.Name));
            using var batch = rows.Read()!;
            Assert.Equal([7, 7, 7], Enumerable.Range(0, batch.Count).Select(batch[0].Number));
        }
        using var wide = Open(CraftedParquet.Wide(10_000));
        Assert.Equal((10_000, 0), (wide.Columns.Count, wide.RowCount));
        Assert.Null(wide.Read());
    }

    [NativeFact]
    public void Bytes_changed_anywhere_never_do_more_than_end_the_reading()
    {
        var whole = DuckFiles.Parquet("SELECT i AS n, 'text ' || i AS s, i % 2 = 0 AS b FROM range(3000) t(i)");
        var random = new Random(5);
        var refused = 0;
        var many = BrokenFileTests.Many(16);
        for (var round = 0; round < many; round++)
        {
            var changed = (byte[])whole.Clone();
            // The footer with all descriptions is the more dangerous half.
            var from = round % 2 == 0 ? changed.Length - 400 : 4;
            for (var i = 0; i < 1 + round % 16; i++)
                changed[from + random.Next(changed.Length - from)] = (byte)random.Next(256);
            try
            {
                using var rows = Open(changed);
                while (rows.Read() is { } batch)
                    batch.Dispose();
            }
            catch (ModelHubException refusal)
            {
                Assert.Equal(ErrorKind.Invalid, refusal.Kind);
                Assert.DoesNotContain(_folder, refusal.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.InRange(refused, many / 2, many);
    }

    [NativeFact]
    public void No_other_file_can_be_opened()
    {
        var path = Save(DuckFiles.Parquet("SELECT 1 AS a"));
        var session = new DuckSession(new DuckApi(NativeLibraries.Of("").DuckDb!), path, 1, 256 << 20);
        Assert.Single(session.Describe($"SELECT * FROM read_parquet('{path}')"));
        foreach (var query in new[] { "SELECT * FROM read_text('/etc/passwd')", $"SELECT * FROM read_parquet('{path}.other')", "SELECT * FROM glob('/etc/*')" })
        {
            var refused = Assert.ThrowsAny<DuckException>(() => session.Stream(query, _ => { }));
            Assert.Contains("disabled", refused.Message, StringComparison.Ordinal);
        }
        Assert.ThrowsAny<DuckException>(() => session.Stream("SET enable_external_access=true", _ => { }));
    }

    [NativeFact]
    public void What_we_write_is_read_by_DuckDB()
    {
        using var source = Open(DuckFiles.Parquet(Types));
        using var first = source.Read()!;
        var written = new ParquetFileWriter([.. source.Columns, new TypedColumn("number", CellType.Double), new TypedColumn("class", CellType.Text)]);
        var output = new ArrayBufferWriter<byte>();
        output.Write(ParquetFileWriter.Magic);
        for (var group = 0; group < 20; group++)
        {
            var rows = written.Group(group * 3, 3, output);
            for (var c = 0; c < source.Columns.Count; c++)
                rows.Write(first[c]);
            rows.Write([0.1 + group, double.NaN, -2]);
            rows.Write([1, 0, 1], [Encoding.UTF8.GetBytes("no"), Encoding.UTF8.GetBytes("yes")]);
        }
        written.WriteEnd(output);
        using var again = Open(output.WrittenSpan.ToArray());
        Assert.Equal(60, again.RowCount);
        Assert.Equal(written.Columns, again.Columns);
        using var batch = again.Read()!;
        for (var r = 0; r < 60; r++)
        {
            for (var c = 0; c < source.Columns.Count; c++)
            {
                Assert.Equal(first[c].IsMissing(r % 3), batch[c].IsMissing(r));
                Assert.Equal(first[c].Number(r % 3), batch[c].Number(r));
                if (first[c].Type == CellType.Text && !first[c].IsMissing(r % 3))
                    Assert.Equal(Text(first, c, r % 3), Text(batch, c, r));
            }
            Assert.Equal(r % 3 == 0 ? 0.1 + r / 3 : r % 3 == 1 ? double.NaN : -2, batch[13].Number(r));
            Assert.Equal(r % 3 == 1 ? "no" : "yes", Text(batch, 14, r));
        }
    }

    private static string Text(ColumnBatch batch, int column, int row) => Encoding.UTF8.GetString(batch[column].Text(row));

    private ModelHubException Refused(byte[] bytes) => Assert.Throws<ModelHubException>(() =>
    {
        using var rows = Open(bytes);
        while (rows.Read() is { } batch)
            batch.Dispose();
    });

    private IColumnReader Open(byte[] bytes) => Files.OpenByLibrary(Save(bytes), CancellationToken.None);

    private string Save(byte[] bytes)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".parquet");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}

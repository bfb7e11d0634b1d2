using System.Text;
using ModelHub.Api.Tests.Registry;
using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;
using ModelHub.Infrastructure.Natives;
using ModelHub.Infrastructure.Natives.Parquet;

namespace ModelHub.Api.Tests.Natives;

/// <summary>Files that are read in this process, beside what DuckDB reads in them.</summary>
public sealed class PlainParquetTests : IDisposable
{
    private const string Table = """
        SELECT i AS n, (i * 7919 % 1009)::INT AS few, (i % 200 - 100)::TINYINT AS tiny, (i * 214000)::UINTEGER AS wide, sin(i) AS x, (cos(i) * 1e10)::FLOAT AS y,
            CASE WHEN i % 3 = 0 THEN NULL ELSE i / 7 END AS holes, CASE WHEN i % 5 > 1 THEN 'name ' || i % 50 END AS name, repeat('é' || i, (i % 9)::INT) AS text,
            CASE WHEN i % 11 > 0 THEN i % 2 = 0 END AS truth, DATE '1950-01-01' + i::INT AS day, TIMESTAMP '1969-12-31 23:00:00' + INTERVAL 1 SECOND * i AS moment,
            make_timestamp_ns(i * 999999937 - 10000000000) AS nanos, (TIMESTAMP '2001-01-01' + INTERVAL 1 MINUTE * i)::TIMESTAMP_MS AS millis, NULL::DOUBLE AS none,
            CASE WHEN i BETWEEN 4000 AND 12000 THEN 'x' || i / 1000 END AS late, 'infinity'::DOUBLE * (i % 2 * 2 - 1) AS ends
        FROM range({0}) t(i)
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("modelhub-parquet-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NativeTheory]
    [InlineData(20_000, "")]
    [InlineData(20_000, ", COMPRESSION uncompressed")]
    [InlineData(20_000, ", COMPRESSION zstd")]
    [InlineData(20_000, ", COMPRESSION zstd, COMPRESSION_LEVEL 19, DICTIONARY_SIZE_LIMIT 1")]
    [InlineData(20_000, ", ROW_GROUP_SIZE 2048")]
    [InlineData(20_000, ", DICTIONARY_SIZE_LIMIT 1")]
    [InlineData(1, "")]
    [InlineData(0, "")]
    public void Every_cell_and_feature_is_what_DuckDB_finds(int rows, string options)
    {
        var path = Save(DuckFiles.Parquet(string.Format(null, Table, rows), options));
        foreach (var isFeatures in new[] { false, true })
        {
            using var plain = PlainParquetReader.TryOpen(path, CancellationToken.None);
            using var library = new ParquetFiles(NativeLibraries.Of("")).OpenByLibrary(path, CancellationToken.None);
            Assert.NotNull(plain);
            Assert.Equal(library.RowCount, plain.RowCount);
            Assert.Equal(library.Columns, plain.Columns);
            Assert.Equal(Rows(library, isFeatures), Rows(plain, isFeatures));
        }
    }

    [NativeTheory]
    [InlineData("SELECT 1 AS a", ", COMPRESSION gzip")]
    [InlineData("SELECT i AS a FROM range(100) t(i)", ", PARQUET_VERSION v2")]
    [InlineData("SELECT 1.5::DECIMAL(4,1) AS a", "")]
    [InlineData("SELECT TIME '10:00:00' AS a", "")]
    [InlineData("SELECT 1::UBIGINT AS a", "")]
    [InlineData("SELECT [1] AS a", "")]
    [InlineData("SELECT 'x'::BLOB AS a, '{}'::JSON AS b", "")]
    public void Other_kinds_are_left_to_the_library(string query, string options) =>
        Assert.Null(PlainParquetReader.TryOpen(Save(DuckFiles.Parquet(query, options)), CancellationToken.None));

    [Fact]
    public void What_we_write_is_read_without_the_library()
    {
        var files = new ParquetFiles(new NativeLibraries("/nowhere"));
        using var rows = files.Open(Save(CraftedParquet.Of()), CancellationToken.None);
        using var batch = rows.Read()!;
        Assert.Equal([7, 7, 7], Enumerable.Range(0, batch.Count).Select(batch[0].Number));
        var refused = Assert.Throws<ModelHubException>(() => files.Open(Save(CraftedParquet.Of(codec: 2)), CancellationToken.None));
        Assert.Equal(ErrorKind.Unavailable, refused.Kind);
        Assert.Contains("./modelhub natives", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>D3: whatever the footer, a page or the schema says, it is refused here or left to the library.</summary>
    [Theory]
    [MemberData(nameof(CraftedParquet.Lies), MemberType = typeof(CraftedParquet))]
    public void A_file_that_lies_is_not_read(string lie)
    {
        using var rows = PlainParquetReader.TryOpen(Save(CraftedParquet.Lie(lie)), CancellationToken.None);
        if (rows is not null)
            Assert.StartsWith("The Parquet file cannot be read.", Assert.Throws<ModelHubException>(rows.Read).Message, StringComparison.Ordinal);
    }

    [NativeFact]
    public void Who_stops_in_the_middle_keeps_what_was_read()
    {
        var rows = PlainParquetReader.TryOpen(Save(DuckFiles.Parquet("SELECT i AS n FROM range(100000) t(i)", ", ROW_GROUP_SIZE 2048")), CancellationToken.None)!;
        var (first, second) = (rows.Read()!, rows.Read()!);
        rows.Dispose();
        Assert.Equal(Enumerable.Range(0, 4096).Select(i => (double)i), new[] { first, second }.SelectMany(b => Enumerable.Range(0, b.Count).Select(b[0].Number)));
        first.Dispose();
        second.Dispose();
    }

    [NativeFact]
    public async Task Who_is_told_to_stop_does()
    {
        using var stop = new CancellationTokenSource();
        using var rows = PlainParquetReader.TryOpen(Save(DuckFiles.Parquet("SELECT i AS n FROM range(100000) t(i)", ", ROW_GROUP_SIZE 2048")), stop.Token)!;
        (await rows.ReadAsync())!.Dispose();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await rows.ReadAsync() is { } batch)
                batch.Dispose();
        });
    }

    /// <summary>A long text that its dictionary has once, and the rows a million times, comes in batches that fit.</summary>
    [NativeFact]
    public void Long_texts_come_few_at_a_time()
    {
        using var rows = PlainParquetReader.TryOpen(Save(DuckFiles.Parquet("SELECT repeat('long ', 40000) AS text FROM range(2000)")), CancellationToken.None)!;
        var (count, most) = (0, 0L);
        while (rows.Read() is { } batch)
        {
            using (batch)
            {
                count += batch.Count;
                most = Math.Max(most, batch.Bytes);
                Assert.All(Enumerable.Range(0, batch.Count), r => Assert.Equal(200_000, batch[0].Text(r).Length));
            }
        }
        Assert.Equal(2000, count);
        Assert.InRange(most, 1, 17 << 20);
    }

    [NativeTheory]
    [InlineData("")]
    [InlineData(", COMPRESSION zstd")]
    [InlineData(", COMPRESSION uncompressed")]
    public void Bytes_changed_anywhere_are_refused_or_read_and_nothing_else(string options)
    {
        var whole = DuckFiles.Parquet(string.Format(null, Table, 3000), ", ROW_GROUP_SIZE 2048" + options);
        var random = new Random(7);
        var (read, refused, left) = (0, 0, 0);
        for (var round = 0; round < BrokenFileTests.Many(300); round++)
        {
            var changed = (byte[])whole.Clone();
            // The footer with all descriptions is the more dangerous half.
            var from = round % 2 == 0 ? changed.Length - 4000 : 4;
            for (var i = 0; i < 1 + round % 16; i++)
                changed[from + random.Next(changed.Length - from)] = (byte)random.Next(256);
            var path = Save(changed);
            using (var rows = PlainParquetReader.TryOpen(path, CancellationToken.None))
            {
                try
                {
                    read += rows is null ? 0 : Math.Sign(Rows(rows, isFeatures: false).Count);
                    left += rows is null ? 1 : 0;
                }
                catch (ModelHubException refusal)
                {
                    Assert.StartsWith("The Parquet file cannot be read.", refusal.Message, StringComparison.Ordinal);
                    Assert.DoesNotContain(_folder, refusal.Message, StringComparison.Ordinal);
                    refused++;
                }
            }
            File.Delete(path);
        }
        Assert.True(read > 0 && refused > 0 && left > 0, $"{read} read, {refused} refused, {left} left to the library");
    }

    /// <summary>Row by row all cells, or all of them as features and every other one as a cell too.</summary>
    private static List<string> Rows(IColumnReader reader, bool isFeatures)
    {
        var count = reader.Columns.Count;
        if (isFeatures)
        {
            reader.Choose(new ColumnChoices(
                [.. Enumerable.Range(0, count).Select(c => c % 2 == 0)],
                [.. Enumerable.Range(0, count).Select(c => reader.Columns[c].Type == CellType.Text ? -1 : count - 1 - c)], count));
        }
        var rows = new List<string>();
        while (reader.Read() is { } batch)
        {
            using (batch)
            {
                for (var r = 0; r < batch.Count; r++)
                {
                    var row = new StringBuilder();
                    for (var c = 0; c < count; c++)
                    {
                        if (!isFeatures || c % 2 == 0)
                            row.Append(batch[c].IsMissing(r) ? "-" : batch[c].Type == CellType.Text ? Encoding.UTF8.GetString(batch[c].Text(r)) : Exact(batch[c], r)).Append('|');
                    }
                    if (isFeatures)
                        row.AppendJoin('|', batch.Features.Slice(r * count, count).ToArray());
                    rows.Add(row.ToString());
                }
            }
        }
        return rows;
    }

    private static string Exact(BatchColumn cells, int row) => TypedColumn.WidthOf(cells.Type) switch
    {
        1 => cells.Values<byte>()[row].ToString(null, null),
        4 => cells.Values<int>()[row].ToString(null, null),
        _ => cells.Values<long>()[row].ToString(null, null),
    };

    private string Save(byte[] bytes)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".parquet");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}

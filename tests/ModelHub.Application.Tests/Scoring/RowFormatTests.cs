using System.Text;
using ModelHub.Application.Errors;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Tests.Scoring;

/// <summary>Rows read in one piece and rows cut anywhere are the same rows.</summary>
public sealed class RowFormatTests
{
    private static readonly string[] Cells =
        ["1", "-2.5", "", "red", "\"a, b\"", "\"two \"\"words\"\"\"", "\"line\nbreak\"", "5\" pipe", "ünï", "\"\"", "1e3"];

    [Fact]
    public void Csv_cut_anywhere_gives_the_same_cells()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var text = new StringBuilder("a,b,\"c \"\"quoted\"\"\"\n");
            var rows = random.Next(1, 30);
            for (var r = 0; r < rows; r++)
                text.Append(Cells[random.Next(Cells.Length)] is { Length: > 0 } first ? first : "0").Append(',').Append(Cells[random.Next(Cells.Length)]).Append(',')
                    .Append(Cells[random.Next(Cells.Length)]).Append(random.Next(2) == 0 ? "\n" : "\r\n");
            Same(RowFormat.Csv, Encoding.UTF8.GetBytes(text.ToString()), rows, random);
        }
    }

    [Fact]
    public void Json_cut_anywhere_gives_the_same_cells()
    {
        string[] values = ["1", "-2.5e3", "null", "true", "\"red\"", "\"}],{[\"", "\"a \\\" quote \\\\\"", "\"\\u00fc\""];
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var rows = random.Next(1, 30);
            var records = Enumerable.Range(0, rows).Select(_ => "{" + string.Join(" , ", new[] { "a", "b", "c" }.Where(_ => random.Next(4) > 0)
                .Select(n => $"\"{n}\": {values[random.Next(values.Length)]}")) + "}").ToList();
            var wrapped = random.Next(2) == 0;
            var text = (wrapped ? "{\"x\": {\"y\": [1]}, \"data\": [" : " [") + string.Join(random.Next(2) == 0 ? ",\n" : " ,", records) + (wrapped ? "], \"z\": {\"a\": [{}]}}" : "]\n");
            Same(RowFormat.Json, Encoding.UTF8.GetBytes(text), rows, random);
            Same(RowFormat.JsonLines, Encoding.UTF8.GetBytes(string.Join('\n', records)), rows, random);
        }
    }

    [Theory]
    [InlineData("a,b\r\n\r\n\n1,2\n\n\r\n3,4\r\r\n5,6\n\n\n", 3)]
    [InlineData("a\n1\r\n\r\n2\n\n3\n", 5)] // an empty line is a missing cell
    public void Blank_lines_are_rows_only_in_a_table_of_one_column(string csv, int rows) => Same(RowFormat.Csv, Encoding.UTF8.GetBytes(csv), rows, new Random(1));

    [Fact]
    public void A_row_of_a_million_cells_is_refused_before_all_are_looked_at()
    {
        var csv = Encoding.UTF8.GetBytes("a,b\n" + new string(',', 1_000_000) + "\n");
        var model = new Recorder().AsModel();
        var format = new CsvRows(model, new RowColumns(model, KeptColumns.None));
        var head = format.ReadHead(csv, isAll: true);
        var refusal = Assert.Throws<RowRefusal>(() => format.Parse(csv.AsSpan(head), new RowBlock(model), isFirst: true));
        Assert.Equal("The row has more than 20000 cells, 2 are expected.", refusal.Message);
    }

    /// <summary>Each new name once took a copy of all names before it: 1.6 GB for these 200 KB.</summary>
    [Fact]
    public void A_record_of_very_many_members_takes_memory_like_its_own()
    {
        var json = Encoding.UTF8.GetBytes("[{" + string.Join(',', Enumerable.Range(0, RowColumns.Most).Select(i => $"\"c{i}\":1")) + "}]");
        var model = new Recorder().AsModel();
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var rows = ScoredRecords.Read(model, json);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
        Assert.Equal(RowColumns.Most, rows.Rows.CellsOf(0).Length);
    }

    [Fact]
    public async Task Records_that_have_nothing_in_common_are_refused_before_they_are_made_a_table()
    {
        var json = Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Range(0, 3_000).Select(i => $"{{\"c{i}\":1}}")) + "]");
        using var rows = ScoredRecords.Read(new Recorder().AsModel(), json);
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => rows.ScoreAsync(CancellationToken.None).AsTask());
        Assert.Equal(ErrorKind.Invalid, refusal.Kind);
        Assert.Contains("3000 of them name 3000 columns", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>A body is begun with the columns of the one before it, and shows nothing of that.</summary>
    [Fact]
    public async Task What_came_before_a_body_does_not_change_its_columns()
    {
        string[] bodies =
        [
            """[{"a": 1, "b": 2}]""", """[{"a": 3, "b": null}, {"b": 1, "c": 4}]""", """[{"b": 2, "a": 1}]""", """[{"a": 1}]""", """[{"a": 1, "b": 2, "c": 3}]""",
            """[{}]""", """[{"\u0061": 1, "b": 2}]""",
        ];
        var seasoned = new Recorder();
        var model = seasoned.AsModel();
        foreach (var body in bodies.SelectMany(first => bodies.SelectMany(then => new[] { first, then, then })))
        {
            var fresh = new Recorder();
            await AskAsync(fresh.AsModel(), body);
            await AskAsync(model, body);
            Assert.Equal(fresh.Said, seasoned.Said);
        }
    }

    private static async Task AskAsync(LoadedModel model, string body)
    {
        using var rows = ScoredRecords.Read(model, Encoding.UTF8.GetBytes(body));
        await rows.ScoreAsync(CancellationToken.None);
    }

    private static void Same(RowFormat kind, byte[] bytes, int rows, Random random)
    {
        var whole = Read(kind, bytes, bytes.Length, random);
        Assert.Equal(rows, whole.Count);
        Assert.Equal(whole, Read(kind, bytes, random.Next(1, 40), random));
        Assert.Equal(whole, Read(kind, bytes, 1, random));
    }

    /// <summary>Feeds the bytes in pieces, as they would come in, and parses every run of whole rows as soon as there is one.</summary>
    private static List<string> Read(RowFormat kind, byte[] bytes, int piece, Random random)
    {
        var model = new Recorder().AsModel();
        var columns = new RowColumns(model, KeptColumns.None);
        IRowFormat format = kind == RowFormat.Csv ? new CsvRows(model, columns) : new JsonRows(columns, kind == RowFormat.JsonLines);
        var found = new List<string>();
        var state = default(ScanState);
        var (start, head, isFirst) = (0, -1, true);
        for (var end = Math.Min(piece, bytes.Length); ; end = Math.Min(bytes.Length, end + random.Next(1, piece + 1)))
        {
            var isAll = end == bytes.Length;
            if (head < 0 && (head = format.ReadHead(bytes.AsSpan(0, end), isAll)) >= 0)
                (start, state.At) = (head, 0);
            while (head >= 0)
            {
                var most = random.Next(1, 4);
                var boundary = format.LastBoundary(bytes.AsSpan(start, end - start), most, ref state);
                if (isAll && !state.IsFull)
                    boundary = end - start;
                if (boundary <= 0)
                    break;
                var block = new RowBlock(model);
                Assert.Equal(boundary, format.Parse(bytes.AsSpan(start, boundary), block, isFirst));
                Assert.True(block.Count <= most || isAll && !state.IsFull);
                isFirst = false;
                start += boundary;
                state.At -= boundary;
                for (var r = 0; r < block.Count; r++)
                {
                    var cells = block.CellsOf(r).ToArray().Select(c => $"{columns.All[c.Column].Name}={c.Kind}:{Encoding.UTF8.GetString(block.TextOf(c))}");
                    found.Add(string.Join('|', cells.Order(StringComparer.Ordinal)));
                }
            }
            if (!isAll)
                continue;
            format.RequireEnd();
            return found;
        }
    }

    /// <summary>Writes down what it was asked.</summary>
    private sealed class Recorder : IModelRunner
    {
        public string Said { get; private set; } = "";

        public ModelHeader Header { get; } = new("none", TaskKind.Regression, "y", [], 0.5, []);

        public LoadedModel AsModel() => new(Guid.Empty, Guid.Empty, "m", this, 0);

        public Task<double[]> PredictAsync(Table rows, CancellationToken cancellation)
        {
            Said = string.Join(';', rows.Columns.Select(c => $"{c.Name}={string.Join(',', Enumerable.Range(0, rows.RowCount).Select(r => Cell.Number(c, r)))}"));
            return Task.FromResult(new double[rows.RowCount]);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

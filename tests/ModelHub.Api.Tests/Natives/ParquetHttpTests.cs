using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Application.Parquet;
using ModelHub.Infrastructure.Natives;
using ModelHub.Infrastructure.Natives.Parquet;

namespace ModelHub.Api.Tests.Natives;

/// <summary>Parquet over HTTP: into datasets, through models, and out.</summary>
[Collection("others models")]
public sealed class ParquetHttpTests(RunningHub hub)
{
    private const string Rows = "SELECT sin(i) * 4 AS x, CASE WHEN i % 3 = 0 THEN 'red' WHEN i % 5 = 0 THEN NULL ELSE 'blue' END AS colour, "
        + "'note ' || (i % 5) AS note, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 11 = 5 THEN -1e300 ELSE cos(i) END AS z, i AS row, DATE '2024-01-01' + (i % 300)::INT AS day FROM range({0}) t(i)";

    [NativeFact]
    public async Task A_dataset_takes_its_kinds_from_the_types()
    {
        var file = DuckFiles.Parquet("""
            SELECT i::DOUBLE AS whole_double, i % 9 AS few, i / 3 AS fraction, i % 2 = 0 AS truth, DATE '2024-01-01' + i::INT AS day,
                TIMESTAMP '2024-01-01 10:00:00' + INTERVAL 1 HOUR * i AS moment, '00' || i % 5 AS code, CASE WHEN i % 4 > 0 THEN i * 0.25 END AS holes
            FROM range(500) t(i)
            """);
        var dataset = (await UploadAsync(file, "t.parquet").JsonAsync(201)).GetProperty("dataset");
        Assert.Equal(500, dataset.GetProperty("row_count").GetInt32());
        var columns = dataset.GetProperty("columns").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, c => c);
        Assert.Equal(
            ["numeric", "integer", "numeric", "boolean", "date", "date", "category", "numeric"], columns.Values.Select(c => c.GetProperty("kind").GetString()!));
        Assert.Equal(125, columns["holes"].GetProperty("missing").GetInt32());
        var preview = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/datasets/{dataset.GetProperty("id")}/preview?rows=2");
        Assert.Equal("""[1,1,0.3333333333333333,false,"2024-01-02T00:00:00.0000000Z","2024-01-01T11:00:00.0000000Z","001",0.25]""", preview.GetProperty("rows")[1].GetRawText());
    }

    [NativeFact]
    public async Task A_kind_that_is_told_wins_and_a_cell_that_does_not_fit_is_named()
    {
        var file = DuckFiles.Parquet("SELECT i % 3 AS n, DATE '2024-01-01' + i::INT AS day, i > 4 AS truth FROM range(9) t(i)");
        var dataset = (await UploadAsync(file, "t.parquet", """{"n": "category", "day": "text", "truth": "numeric"}""").JsonAsync(201)).GetProperty("dataset");
        Assert.Equal(["category", "text", "numeric"], dataset.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("kind").GetString()!));
        var refused = await UploadAsync(file, "t.parquet", """{"n": "boolean"}""").JsonAsync(422);
        Assert.Contains("Row 3, column 'n'", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [NativeTheory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task A_batch_scores_as_the_same_rows_in_JSON_do(string task)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        var found = await BatchAsync(made, DuckFiles.Parquet(string.Format(null, Rows, 200)), null);
        Assert.Equal(200, found.GetProperty("row_count").GetInt32());
        var records = found.GetProperty("predictions").EnumerateArray().ToList();
        var inputs = records.Select(r => r.EnumerateObject().Where(m => m.Name is "x" or "colour" or "note" or "z").ToDictionary(m => m.Name, m => m.Value));
        var wanted = (await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs }).JsonAsync()).GetProperty("predictions");
        Assert.Equal(wanted.EnumerateArray().Select(p => p.GetProperty("prediction").GetRawText()), records.Select(r => r.GetProperty("pred_predict").GetRawText()));
        Assert.Equal("2024-01-03", records[2].GetProperty("day").GetString());
        if (task != "regression")
        {
            Assert.Equal(
                wanted[7].GetProperty("probabilities").EnumerateObject().Select(p => p.Value.GetDouble()),
                records[7].EnumerateObject().Where(m => m.Name.StartsWith("prob_", StringComparison.Ordinal)).Select(m => m.Value.GetDouble()));
        }
    }

    [NativeFact]
    public async Task Many_row_groups_come_back_as_Parquet_in_order_with_their_types()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var file = DuckFiles.Parquet(string.Format(null, Rows, 120_000), ", ROW_GROUP_SIZE 20000");
        var path = Path.Combine(Path.GetTempPath(), $"modelhub-test-{Guid.NewGuid():N}.parquet");
        await File.WriteAllBytesAsync(path, await BatchBytesAsync(made, file, "application/vnd.apache.parquet"));
        var csv = (await BatchTextAsync(made, file, "text/csv")).Split('\n');
        try
        {
            using var rows = new ParquetFiles(NativeLibraries.Of("")).Open(path, CancellationToken.None);
            Assert.Equal(["x", "colour", "note", "z", "row", "day", "pred_predict", "prob_no", "prob_yes"], rows.Columns.Select(c => c.Name));
            Assert.Equal(
                [CellType.Double, CellType.Text, CellType.Text, CellType.Double, CellType.Whole, CellType.Day, CellType.Text, CellType.Double, CellType.Double],
                rows.Columns.Select(c => c.Type));
            var next = 0;
            while (rows.Read() is { } batch)
            {
                using (batch)
                {
                    for (var r = 0; r < batch.Count; r++, next++)
                    {
                        Assert.Equal(next, batch[4].Values<long>()[r]);
                        Assert.Equal(next % 7 == 0, batch[3].IsMissing(r));
                        if (next % 1000 == 0)
                            Assert.EndsWith($"{Encoding.UTF8.GetString(batch[6].Text(r))},{batch[7].Number(r):R},{batch[8].Number(r):R}", csv[next + 1], StringComparison.Ordinal);
                    }
                }
            }
            Assert.Equal(120_000, next);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [NativeFact]
    public async Task Rows_that_come_as_text_can_be_answered_as_Parquet()
    {
        var made = await Leaderboards.OfAsync(hub, "regression");
        var bytes = await BatchBytesAsync(made, Encoding.UTF8.GetBytes(made.Csv(20_000)), "application/vnd.apache.parquet", "rows.csv");
        var again = await BatchAsync(made, bytes, null);
        Assert.Equal(20_000, again.GetProperty("row_count").GetInt32());
        Assert.All(again.GetProperty("predictions").EnumerateArray(), r =>
            Assert.Equal(r.EnumerateObject().First(m => m.Name == "pred_predict").Value.GetDouble(), r.GetProperty("pred_predict").GetDouble()));
    }

    [NativeFact]
    public async Task A_damaged_file_is_refused_and_the_hub_goes_on()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var whole = DuckFiles.Parquet(string.Format(null, Rows, 30_000), ", ROW_GROUP_SIZE 5000, COMPRESSION zstd");
        var hurt = (byte[])whole.Clone();
        Array.Fill(hurt, (byte)0x5A, whole.Length / 2, 500);
        foreach (var (bytes, name) in new[] { (whole[..^20], "rows.parquet"), (whole[..(whole.Length / 3)], "rows"), (hurt, "rows.parquet"), ("a,b\n1,2\n"u8.ToArray(), "rows.parquet") })
        {
            using var answer = await SendAsync($"/api/models/{made.BestId}/predict/batch", bytes, name, null);
            var said = await answer.Content.ReadAsStringAsync();
            Assert.True((int)answer.StatusCode == 422, $"{(int)answer.StatusCode} {said[..Math.Min(500, said.Length)]}");
            Assert.Contains("Parquet", JsonSerializer.Deserialize<JsonElement>(said).GetProperty("detail").GetString(), StringComparison.Ordinal);
            using var upload = await UploadAsync(bytes, "t.parquet");
            Assert.Equal(422, (int)upload.StatusCode);
        }
        Assert.Equal(30_000, (await BatchAsync(made, whole, null)).GetProperty("row_count").GetInt32());
    }

    /// <summary>D2: rows by the billion in some hundred bytes are refused before any is read.</summary>
    [NativeFact]
    public async Task A_small_file_of_very_many_rows_is_refused_by_what_it_says()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var bomb = CraftedParquet.Of(rows: int.MaxValue);
        Assert.InRange(bomb.Length, 1, 500);
        var said = await UploadAsync(bomb, "t.parquet").JsonAsync(422);
        Assert.Contains("more than 200000000 rows", said.GetProperty("detail").GetString(), StringComparison.Ordinal);
        said = await SendAsync($"/api/models/{made.BestId}/predict/batch", bomb, "rows.parquet", null).JsonAsync(413);
        Assert.Contains("larger than", said.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, (await BatchAsync(made, CraftedParquet.Of(), null)).GetProperty("row_count").GetInt32());
    }

    private async Task<HttpResponseMessage> UploadAsync(byte[] bytes, string name, string? kinds = null)
    {
        var project = await hub.Client.PostAsJsonAsync("/api/projects", new { name = "parquet " + Guid.NewGuid() }).JsonAsync(201);
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project.GetProperty("project").GetProperty("id").GetString()!), "project_id" },
            { new StringContent("table"), "name" },
        };
        if (kinds is not null)
            form.Add(new StringContent(kinds), "kinds");
        form.Add(new ByteArrayContent(bytes), "file", name);
        return await hub.Client.PostAsync("/api/datasets", form);
    }

    private async Task<JsonElement> BatchAsync(Leaderboard made, byte[] bytes, string? accept) =>
        JsonSerializer.Deserialize<JsonElement>(await BatchBytesAsync(made, bytes, accept));

    private async Task<string> BatchTextAsync(Leaderboard made, byte[] bytes, string? accept) => Encoding.UTF8.GetString(await BatchBytesAsync(made, bytes, accept));

    private async Task<byte[]> BatchBytesAsync(Leaderboard made, byte[] bytes, string? accept, string name = "rows.parquet")
    {
        using var answer = await SendAsync($"/api/models/{made.BestId}/predict/batch", bytes, name, accept);
        var said = await answer.Content.ReadAsByteArrayAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {Encoding.UTF8.GetString(said)}");
        return said;
    }

    private async Task<HttpResponseMessage> SendAsync(string path, byte[] bytes, string name, string? accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new MultipartFormDataContent { { new ByteArrayContent(bytes), "file", name } };
        if (accept is not null)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        return await hub.Client.SendAsync(request);
    }
}

using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;
using ModelHub.Api.Tests.Natives;

namespace ModelHub.Api.Tests.Models;

[Collection("hub")]
public sealed class BatchJobTests(RunningHub hub)
{
    [Theory]
    [InlineData("csv", "text/csv")]
    [InlineData("ndjson", "application/x-ndjson")]
    [InlineData("json", "application/json")]
    public async Task A_job_gives_the_bytes_that_the_stream_gives(string output, string type)
    {
        var made = await Leaderboards.OfAsync(hub, "multiclass");
        var csv = made.Csv(12_000);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/models/{made.BestId}/predict/batch") { Content = Csv(csv) };
        request.Headers.Accept.ParseAdd(type);
        using var streamed = await hub.Client.SendAsync(request);
        var wanted = await streamed.Content.ReadAsStringAsync();
        var id = await StartAsync(made, Csv(csv), output);
        var done = await EndAsync(id);
        Assert.Equal("succeeded", done.GetProperty("status").GetString());
        Assert.Equal(12_000, done.GetProperty("row_count").GetInt64());
        using var result = await hub.Client.GetAsync(done.GetProperty("result_url").GetString());
        Assert.Equal(type, result.Content.Headers.ContentType!.MediaType);
        Assert.Equal(wanted, await result.Content.ReadAsStringAsync());
        var list = await hub.Client.GetAsync($"/api/batch-predictions?model_id={made.BestId}").JsonAsync();
        Assert.Contains(list.GetProperty("items").EnumerateArray(), b => b.GetProperty("id").GetString() == id);
        using var other = await hub.NewUserAsync();
        await other.GetAsync($"/api/batch-predictions/{id}").JsonAsync(404);
        await other.GetAsync($"/api/batch-predictions/{id}/result").JsonAsync(404);
        await hub.Client.DeleteAsync($"/api/batch-predictions/{id}").JsonAsync();
        await hub.Client.GetAsync($"/api/batch-predictions/{id}").JsonAsync(404);
    }

    [Fact]
    public async Task What_comes_back_keeps_its_type()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        async Task<string> BackAsync(string type, string rows)
        {
            using var content = new StringContent(rows, Encoding.UTF8, type);
            var answer = await hub.Client.PostAsync($"/api/models/{made.BestId}/predict/batch?passthrough_columns=id", content).JsonAsync();
            return string.Join(' ', answer.GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty("id").GetRawText()));
        }

        // In a CSV nothing tells numbers from texts, so that what JSON calls a number is one; a JSON text of digits is a text.
        string[] numbers = ["0", "-0.5", "12", "1e5", "1.25E-3"], texts = ["007", "2026-11-21", "12:30", "-", "1.", ".5", "1e", "+1", "0x1", "12ab"];
        var csv = "x,id\n" + string.Concat(numbers.Concat(texts).Select(id => $"1,{id}\n"));
        Assert.Equal(string.Join(' ', numbers.Concat(texts.Select(t => $"\"{t}\""))), await BackAsync("text/csv", csv));
        Assert.Equal("\"12345678901234567890\" 12", await BackAsync("application/x-ndjson", """{"x":1,"id":"12345678901234567890"}""" + "\n" + """{"x":1,"id":12}"""));
    }

    [NativeFact]
    public async Task A_Parquet_file_is_scored_by_a_job_into_the_bytes_that_the_stream_gives()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var file = DuckFiles.Parquet(
            "SELECT sin(i) * 4 AS x, CASE WHEN i % 3 = 0 THEN 'red' END AS colour, 'note ' || (i % 5) AS note, cos(i) AS z FROM range(60000) t(i)",
            ", ROW_GROUP_SIZE 8192");
        foreach (var (output, type) in new[] { ("parquet", "application/vnd.apache.parquet"), ("csv", "text/csv") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/models/{made.BestId}/predict/batch") { Content = new ByteArrayContent(file) };
            request.Headers.Accept.ParseAdd(type);
            using var streamed = await hub.Client.SendAsync(request);
            var done = await EndAsync(await StartAsync(made, new ByteArrayContent(file), output));
            Assert.Equal("succeeded", done.GetProperty("status").GetString());
            Assert.Equal(60_000, done.GetProperty("row_count").GetInt64());
            using var result = await hub.Client.GetAsync(done.GetProperty("result_url").GetString());
            Assert.Equal(type, result.Content.Headers.ContentType!.MediaType);
            Assert.Equal(await streamed.Content.ReadAsByteArrayAsync(), await result.Content.ReadAsByteArrayAsync());
        }
        var broken = await EndAsync(await StartAsync(made, new ByteArrayContent(file[..^9]), "csv"));
        Assert.Equal("failed", broken.GetProperty("status").GetString());
        Assert.Contains("Parquet", broken.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_row_fails_the_job_and_is_named_however_far_it_stands()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await StartAsync(made, Csv(made.Csv(20_000) + "1,2\n" + made.Csv(3)), "csv");
        var done = await EndAsync(id);
        Assert.Equal("failed", done.GetProperty("status").GetString());
        Assert.Contains("Row 20001", done.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, done.GetProperty("result_url").ValueKind);
        var refused = await hub.Client.GetAsync($"/api/batch-predictions/{id}/result").JsonAsync(409);
        Assert.Contains("Row 20001", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_is_refused_at_once()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        await hub.Client.PostAsync($"/api/models/{made.BestId}/predict/batch/jobs?output=xml", Csv(made.Csv(1))).JsonAsync(422);
        await hub.Client.PostAsync($"/api/models/{made.BestId}/predict/batch/jobs", Csv("")).JsonAsync(422);
        await hub.Client.PostAsync($"/api/models/{Guid.NewGuid()}/predict/batch/jobs", Csv(made.Csv(1))).JsonAsync(404);
        using var other = await hub.NewUserAsync();
        await other.PostAsync($"/api/models/{made.BestId}/predict/batch/jobs", Csv(made.Csv(1))).JsonAsync(404);
    }

    /// <summary>Group D: CSV as it comes from everywhere.</summary>
    [Theory]
    [InlineData("x,colour\n1,\"red\n2,blue\n", "quote")]
    [InlineData("x,colour\n1,red\n2\n", "Row 2")]
    [InlineData("x,x\n1,2\n", "'x'")]
    [InlineData("x,\n1,2\n", "Column 2")]
    [InlineData("x,colour\n", "no rows")]
    [InlineData("a,b\n1,2\n", "None of the columns")]
    [InlineData("x,colour\n1,caf\u00e9\n", "UTF-8", "latin1")]
    [InlineData("x,colour\n1,red\n", "", "utf-16")]
    public async Task Broken_files_are_refused_with_their_place(string csv, string place, string encoding = "utf-8")
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var bytes = Encoding.GetEncoding(encoding).GetBytes(csv);
        using var body = new ByteArrayContent(bytes) { Headers = { ContentType = new("text/csv") } };
        var said = await hub.Client.PostAsync($"/api/models/{made.BestId}/predict/batch", body).JsonAsync(422);
        Assert.Contains(place, said.GetProperty("detail").GetString(), StringComparison.OrdinalIgnoreCase);
    }

    private static StringContent Csv(string text) => new(text, Encoding.UTF8, "text/csv");

    private async Task<string> StartAsync(Leaderboard made, HttpContent rows, string output)
    {
        using var answer = await hub.Client.PostAsync($"/api/models/{made.BestId}/predict/batch/jobs?output={output}", rows);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.StatusCode);
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("batch_prediction").GetProperty("id").GetString()!;
        Assert.Equal($"/api/batch-predictions/{id}", answer.Headers.Location!.ToString());
        return id;
    }

    private Task<JsonElement> EndAsync(string id) =>
        HubSteps.SettledAsync(async () => (await hub.Client.GetAsync($"/api/batch-predictions/{id}").JsonAsync()).GetProperty("batch_prediction"));
}

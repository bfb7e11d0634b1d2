using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.Deployments;

[Collection("hub")]
public sealed class PredictionApiTests(RunningHub hub)
{
    [Theory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task The_same_rows_give_the_same_bits_however_they_come(string task)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var csv = made.Csv(40);
        var rows = Data(await PostAsync(id, Csv(csv)).JsonAsync());
        var wanted = Texts(rows);
        var records = Records(csv);
        Assert.Equal(wanted, Texts(Data(await PostAsync(id, JsonContent.Create(records)).JsonAsync())));
        Assert.Equal(wanted, Texts(Data(await PostAsync(id, JsonContent.Create(new { more = new { a = "}]" }, data = records, end = 1 })).JsonAsync())));
        Assert.Equal(wanted, Texts(Data(await PostAsync(id, JsonContent.Create(new { inputs = records })).JsonAsync())));
        Assert.Equal(wanted, Texts(Data(await PostAsync(id, Csv("\uFEFF" + csv.Replace("\n", "\r\n", StringComparison.Ordinal))).JsonAsync())));
        Assert.Equal(wanted, Texts(Data(await PostAsync(id, Gzipped(csv)).JsonAsync())));
        Assert.Equal(wanted, Texts(Data(await PostAsync(id, new MultipartFormDataContent { { Csv(csv), "file", "rows.csv" } }).JsonAsync())));
        var direct = await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs = records }).JsonAsync();
        var numbers = rows.Select(r => r.GetProperty("predictionValues").EnumerateArray().Select(v => v.GetProperty("value").GetDouble()).Order().ToArray()).ToArray();
        Assert.Equal(numbers, direct.GetProperty("predictions").EnumerateArray().Select(p => task == "regression"
            ? [p.GetProperty("prediction").GetDouble()] : p.GetProperty("probabilities").EnumerateObject().Select(c => c.Value.GetDouble()).Order().ToArray()).ToArray());
    }

    [Fact]
    public async Task A_long_body_is_answered_in_blocks_as_in_one_piece_and_before_it_has_ended()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var wanted = Data(await PostAsync(id, Csv(made.Csv(made.Rows.Count))).JsonAsync());
        const int Rows = 60_000;
        var found = Data(await HaltingAsync(id, Encoding.UTF8.GetBytes(made.Csv(Rows))));
        Assert.Equal(Rows, found.Count);
        for (var i = 0; i < Rows; i += 997)
        {
            Assert.Equal(i, found[i].GetProperty("rowId").GetInt32());
            Assert.Equal(wanted[i % wanted.Count].GetProperty("predictionValues").GetRawText(), found[i].GetProperty("predictionValues").GetRawText());
        }
        var asJson = JsonContent.Create(Records(made.Csv(9_000)));
        var again = Data(await PostAsync(id, asJson).JsonAsync());
        Assert.Equal(wanted[8_999 % wanted.Count].GetProperty("predictionValues").GetRawText(), again[8_999].GetProperty("predictionValues").GetRawText());
    }

    /// <summary>JSON tells the names with every row: 36 KB of them, in one piece and in several blocks; and one of a hundred kilobytes, which would be gigabytes.</summary>
    [Theory]
    [InlineData(40, 2_000)]
    [InlineData(40, 9_000)]
    public async Task Long_names_of_short_rows_are_told_in_order(int columns, int count)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var names = Enumerable.Range(0, columns).Select(i => $"{i}{new string('n', 900)}").ToList();
        var csv = $"x,{string.Join(',', names)}\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"1,{i}{new string(',', columns - 1)}\n"));
        var at = 0;
        var path = $"/predApi/v1.0/deployments/{id}/predictions?passthroughColumnsSet=all";
        foreach (var row in Data(await hub.Client.PostAsync(path, Csv(csv)).JsonAsync()))
        {
            var passed = row.GetProperty("passthroughValues");
            Assert.Equal((at, $"{at}", columns + 1), (row.GetProperty("rowId").GetInt32(), passed.GetProperty(names[0]).GetString(), passed.EnumerateObject().Count()));
            at++;
        }
        Assert.Equal(count, at);
        var said = (await hub.Client.PostAsync(path, Csv($"x,{new string('n', 100_000)}\n1,2\n")).JsonAsync(400)).GetProperty("message").GetString();
        Assert.Equal("The name of column 2 has 100000 characters; 1000 are allowed.", said);
        await hub.Client.PostAsJsonAsync(path, new[] { new Dictionary<string, int> { ["x"] = 1, [new string('n', 1001)] = 1 } }).JsonAsync(400);
    }

    /// <summary>Two bytes a row: far more rows than a block of that length usually has, in one piece (20,000) and in several.</summary>
    [Theory]
    [InlineData("application/json", 20_000)]
    [InlineData("application/json", 180_000)]
    [InlineData("application/x-ndjson", 20_000)]
    [InlineData("application/x-ndjson", 180_000)]
    [InlineData("text/csv", 50_000)]
    [InlineData("text/csv", 270_000)]
    public async Task Many_short_rows_are_answered_one_by_one(string type, int count)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var body = type switch
        {
            "text/csv" => new string('\n', 300 << 10) + "x\n" + string.Concat(Enumerable.Repeat("1\n", count)), // blank lines before the header
            "application/json" => "[{\"x\":1}" + string.Concat(Enumerable.Repeat(",{}", count - 1)) + "]",
            _ => "{\"x\":1}" + string.Concat(Enumerable.Repeat("\n{}", count - 1)),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/models/{made.BestId}/predict/batch?passthrough_columns=none");
        request.Headers.Add("Accept", "text/csv");
        request.Content = new StringContent(body, Encoding.UTF8, type);
        var lines = (await (await hub.Client.SendAsync(request)).EnsureSuccessStatusCode().Content.ReadAsStringAsync()).TrimEnd().Split('\n');
        Assert.Equal(count + 1, lines.Length);
        Assert.Single(lines.Skip(2).Distinct());
        Assert.Equal(type == "text/csv", lines[1] == lines[2]);
        if (type == "application/x-ndjson")
            return; // no form of the prediction API's
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var rows = Data(await PostAsync(id, new StringContent(body, Encoding.UTF8, type)).JsonAsync());
        Assert.Equal(Enumerable.Range(0, count), rows.Select(r => r.GetProperty("rowId").GetInt32()));
    }

    /// <summary>More rows than go through a model at once: until the first are answered, all that is there is looked at.</summary>
    [Theory]
    [InlineData("text/csv", "x\n", "1\n", "1,2\n", "")]
    [InlineData("application/json", "[{\"x\":1}", ",{}", ",{\"x\":[1]}", "]")]
    [InlineData("application/json", "[{\"x\":1}", ",{}", ",{}", "")]
    public async Task A_broken_row_behind_many_short_ones_is_named(string type, string start, string row, string broken, string end)
    {
        var id = await Leaderboards.DeployAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        var body = start + string.Concat(Enumerable.Repeat(row, 20_000)) + broken + end;
        var said = (await PostAsync(id, new StringContent(body, Encoding.UTF8, type)).JsonAsync(400)).GetProperty("message").GetString();
        Assert.Contains(end.Length > 0 ? "Row 20002" : type == "text/csv" ? "Row 20001" : "ends too early", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/csv", "", "empty")]
    [InlineData("text/csv", "x,colour\n1\n", "Row 1")]
    [InlineData("text/csv", "x,colour\n1,red\n2,red,3\n", "Row 2")]
    [InlineData("text/csv", "x,colour\n1,\"red\n", "quote")]
    [InlineData("text/csv", "x,x\n1,2\n", "'x'")]
    [InlineData("text/csv", "x,\n1,2\n", "Column 2")]
    [InlineData("text/csv", "x,colour\n", "no rows")]
    [InlineData("text/csv", "4.5,red,note 1,0.3\n4.5,red,note 1,0.3\n", "None of the columns is one that the model reads. It reads 'x', 'colour'")]
    [InlineData("application/json", "[{\"passenger\": 7}, {}]", "None of the columns")]
    [InlineData("application/json", "{\"data\": [{}]}", "None of the columns")]
    [InlineData("application/json", "[", "")]
    [InlineData("application/json", "[]", "no rows")]
    [InlineData("application/json", "[1]", "Row 1")]
    [InlineData("application/json", "[{\"x\": 1}{\"x\": 2}]", "comma")]
    [InlineData("application/json", "[{\"x\": [1]}]", "Row 1, column 'x'")]
    [InlineData("application/json", "[{\"x\": 1e999}]", "Row 1, column 'x'")]
    [InlineData("application/json", "[{\"x\": 1}] more", "")]
    [InlineData("application/json", "{\"data\": [{\"x\": 1}], ", "")]
    [InlineData("application/json", "{\"rows\": []}", "data")]
    [InlineData("application/json", "\"text\"", "records")]
    public async Task Broken_rows_are_refused_with_their_place(string type, string body, string place)
    {
        var id = await Leaderboards.DeployAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        var answer = await PostAsync(id, new StringContent(body, Encoding.UTF8, type)).JsonAsync(400);
        Assert.Contains(place, answer.GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>One column is enough, in whatever record: the others are missing, as they may be.</summary>
    [Theory]
    [InlineData("text/csv", "passenger,z\n7,\n")]
    [InlineData("application/json", "[{\"passenger\": 7}, {\"z\": null}]")]
    public async Task Rows_may_lack_columns(string type, string body)
    {
        var id = await Leaderboards.DeployAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        foreach (var query in new[] { "", "?passthroughColumns=passenger", "?passthroughColumnsSet=all" })
            Assert.NotEmpty(Data(await hub.Client.PostAsync($"/deployments/{id}/predictions{query}", new StringContent(body, Encoding.UTF8, type)).JsonAsync()));
        var unknown = body.Replace("\"z\"", "\"zz\"", StringComparison.Ordinal).Replace(",z", ",zz", StringComparison.Ordinal);
        foreach (var query in new[] { "", "?passthroughColumns=passenger", "?passthroughColumnsSet=all" })
            await hub.Client.PostAsync($"/deployments/{id}/predictions{query}", new StringContent(unknown, Encoding.UTF8, type)).JsonAsync(400);
    }

    [Fact]
    public async Task A_broken_row_deep_in_a_long_body_is_named_or_the_connection_is_cut()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var early = made.Csv(3_000) + "1,2\n" + string.Concat(Enumerable.Repeat(made.Rows[0] + "\n", 30_000));
        Assert.Contains("Row 3001", (await PostAsync(id, Csv(early)).JsonAsync(400)).GetProperty("message").GetString(), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(async () => await (await PostAsync(id, Csv(made.Csv(60_000) + "1,2\n"))).Content.ReadAsStringAsync());
        Assert.Equal(3, Data(await PostAsync(id, Csv(made.Csv(3))).JsonAsync()).Count);
    }

    [Fact]
    public async Task Hostile_bodies_end_in_a_refusal_and_harm_nobody()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var wide = string.Join(',', Enumerable.Range(0, 1_000_000).Select(i => "c" + i)) + "\n";
        Assert.Contains("columns", (await PostAsync(id, Csv(wide + wide)).JsonAsync(400)).GetProperty("message").GetString(), StringComparison.Ordinal);
        var line = "x,colour\n" + new string('1', 20 << 20);
        Assert.Contains("longer", (await PostAsync(id, Csv(line)).JsonAsync(400)).GetProperty("message").GetString(), StringComparison.Ordinal);
        var packed = await Gzipped(made.Csv(500)).ReadAsByteArrayAsync();
        await PostAsync(id, Packed(packed[..^9])).JsonAsync(400);
        packed[packed.Length / 2] ^= 0x55;
        await PostAsync(id, Packed(packed)).JsonAsync(400);
        await PostAsync(id, Gzipped("x,colour\n" + new string('\n', 40 << 20))).JsonAsync(413);
        await PostAsync(id, new StringContent("<x/>", Encoding.UTF8, "application/xml")).JsonAsync(415);
        await PostAsync(id, new ByteArrayContent([0xff, 0xfe, 0x00]) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } }).JsonAsync(400);
        var brotli = Csv("x\n1\n");
        brotli.Headers.ContentEncoding.Add("br");
        await PostAsync(id, brotli).JsonAsync(415);
        await HalfAsync(id);
        Assert.Equal(3, Data(await PostAsync(id, Csv(made.Csv(3))).JsonAsync()).Count);
    }

    [Fact]
    public async Task Somebody_elses_deployment_looks_like_none()
    {
        var id = await Leaderboards.DeployAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        using var other = await hub.NewUserAsync();
        using var theirs = await other.PostAsync($"/deployments/{id}/predictions", Csv("x\n1\n"));
        using var nothing = await other.PostAsync("/deployments/00000000-0000-8000-8000-000000000009/predictions", Csv("x\n1\n"));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (theirs.StatusCode, nothing.StatusCode));
        Assert.Equal(
            (await nothing.Content.ReadAsStringAsync()).Replace("00000000-0000-8000-8000-000000000009", "ID", StringComparison.Ordinal),
            (await theirs.Content.ReadAsStringAsync()).Replace(id, "ID", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Csv_answers_carry_what_was_asked_for()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        using var request = new HttpRequestMessage(
            HttpMethod.Post, $"/deployments/{id}/predictions?passthroughColumns=colour&predictionWarningEnabled=true&decimalsNumber=3&maxExplanations=1&")
        {
            Content = Csv(made.Csv(3)), Headers = { { "Accept", "text/csv" } },
        };
        using var answer = await hub.Client.SendAsync(request);
        var lines = (await answer.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');
        Assert.Equal(
            "colour,target_yes_PREDICTION,target_no_PREDICTION,target_PREDICTION,THRESHOLD,POSITIVE_CLASS,DEPLOYMENT_APPROVAL_STATUS,isOutlierPrediction,"
            + "EXPLANATION_1_FEATURE_NAME,EXPLANATION_1_STRENGTH,EXPLANATION_1_QUALITATIVE_STRENGTH", lines[0]);
        Assert.StartsWith("\"light \"\"sky\"\" blue, pale\",", lines[3], StringComparison.Ordinal);
        Assert.Contains(",0.5,yes,APPROVED,false,", lines[1], StringComparison.Ordinal);
        Assert.True(double.Parse(answer.Headers.GetValues("X-DataRobot-Execution-Time").Single(), CultureInfo.InvariantCulture) >= 0);
    }

    private Task<HttpResponseMessage> PostAsync(string id, HttpContent content) => hub.Client.PostAsync($"/predApi/v1.0/deployments/{id}/predictions", content);

    /// <summary>Announces a long body, sends a part of it and goes away.</summary>
    private async Task HalfAsync(string id)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(hub.Client.BaseAddress!.Host, hub.Client.BaseAddress.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /deployments/{id}/predictions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: text/csv\r\nContent-Length: 1000000\r\n\r\nx,colour\n1,red\n"));
    }

    private static List<JsonElement> Data(JsonElement answer) => [.. answer.GetProperty("data").EnumerateArray().Select(r => r)];

    private static string[] Texts(List<JsonElement> rows) => [.. rows.Select(r => r.GetRawText())];

    private static StringContent Csv(string text) => new(text, Encoding.UTF8, "text/csv");

    private static ByteArrayContent Gzipped(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return Packed(packed.ToArray());
    }

    private static ByteArrayContent Packed(byte[] bytes) => new(bytes)
    {
        Headers = { ContentType = new MediaTypeHeaderValue("text/csv"), ContentEncoding = { "gzip" } },
    };

    private static List<Dictionary<string, object?>> Records(string csv)
    {
        var lines = csv.TrimEnd('\n').Split('\n');
        var names = lines[0].Split(',');
        return [.. lines.Skip(1).Select(line =>
        {
            var cells = new List<string>();
            for (var at = 0; at <= line.Length;)
            {
                var end = at < line.Length && line[at] == '"' ? line.IndexOf("\",", at + 1, StringComparison.Ordinal) + 1 : line.IndexOf(',', at);
                end = end <= 0 ? line.Length : end;
                cells.Add(line[at..end].Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal));
                at = end + 1;
            }
            return names.Zip(cells).ToDictionary(p => p.First, p => p.Second.Length == 0 ? null
                : p.First is "x" or "z" ? double.Parse(p.Second, CultureInfo.InvariantCulture) : (object?)p.Second);
        })];
    }

    /// <summary>Sends all but the last bytes, waits for the first rows of the answer, and only then sends the rest.</summary>
    private async Task<JsonElement> HaltingAsync(string id, byte[] body)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(hub.Client.BaseAddress!.Host, hub.Client.BaseAddress.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /deployments/{id}/predictions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {RunningHub.Key}\r\n"
            + $"Content-Type: text/csv\r\nContent-Length: {body.Length}\r\n\r\n"));
        var sending = stream.WriteAsync(body.AsMemory(0, body.Length - 100)).AsTask();
        using var answer = new MemoryStream();
        var buffer = new byte[1 << 16];
        var isWhole = false;
        for (int read; (read = await stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(60))) > 0;)
        {
            answer.Write(buffer, 0, read);
            if (isWhole || !sending.IsCompleted || answer.Length < 10_000)
                continue;
            await stream.WriteAsync(body.AsMemory(body.Length - 100));
            isWhole = true;
        }
        Assert.True(isWhole);
        var text = Encoding.UTF8.GetString(answer.ToArray());
        Assert.StartsWith("HTTP/1.1 200", text, StringComparison.Ordinal);
        var rows = new StringBuilder();
        for (var at = text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4; ;)
        {
            var end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
            var length = int.Parse(text[at..end], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0)
                break;
            rows.Append(text, end + 2, length);
            at = end + 2 + length + 2;
        }
        return JsonSerializer.Deserialize<JsonElement>(rows.ToString());
    }
}

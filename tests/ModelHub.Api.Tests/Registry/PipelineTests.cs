using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ModelHub.Application.Arrow;

namespace ModelHub.Api.Tests.Registry;

/// <summary>Pipelines: deployed, asked in JSON and in Arrow, shared among models, undeployed.</summary>
[Collection("others models")]
public class PipelineTests(RunningHub hub)
{
    [Fact]
    public async Task Arrow_gives_what_JSON_gives()
    {
        var board = await Leaderboards.OfAsync(hub, "binary");
        var (url, pipeline) = await Uploads.PipelineAsync(hub, board.BestId);
        FrameColumn[] rows =
        [
            FrameColumn.Of("x", [-1.25, 0.5, double.NaN, 2]), FrameColumn.Of("colour", ["red", "blue", null, "none of them"]),
            FrameColumn.Of("note", ["note 1", "note 2", "", null]), FrameColumn.Of("z", [0.1, 0.2, 0.3, double.NaN]),
        ];
        var records = Enumerable.Range(0, 4).Select(r => rows.ToDictionary(
            c => c.Name, object? (c) => c.Texts is { } texts ? texts[r] : double.IsNaN(c.Numbers![r]) ? null : c.Numbers[r]));
        var json = (await hub.Client.PostAsJsonAsync(url, records).JsonAsync()).EnumerateArray().ToList();
        foreach (var form in new[] { "file", "stream" })
        {
            using var body = new ByteArrayContent(ArrowWriter.Write(rows, form == "file"));
            body.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.apache.arrow." + form);
            using var answer = await hub.Client.PostAsync(url, body);
            Assert.Equal(body.Headers.ContentType, answer.Content.Headers.ContentType);
            var columns = ArrowReader.Read(await answer.Content.ReadAsByteArrayAsync()).ToDictionary(c => c.Name);
            Assert.Equal(json.Select(r => r.GetProperty("out").GetProperty("prediction").GetString()), columns["out.prediction"].Texts!);
            var probabilities = json.Select(r =>
                r.GetProperty("out").GetProperty("probabilities").EnumerateArray().Select(v => v.GetDouble()).ToArray());
            Assert.Equal(probabilities, columns["out.probabilities"].Lists!);
            Assert.Equal(rows[1].Texts, columns["in.colour"].Texts);
            Assert.Equal([0, 0, 0, 0], columns["anomaly.count"].Numbers!);
        }
        await UndeployAsync(pipeline);
        await hub.Client.PostAsJsonAsync(url, records).JsonAsync(404);
    }

    /// <summary>A row's key decides which model answers it, always the same one.</summary>
    [Fact]
    public async Task A_split_shares_rows_by_a_key()
    {
        var board = await Leaderboards.OfAsync(hub, "regression");
        var workspace = await Uploads.WorkspaceAsync(hub, board.ProjectId);
        var listed = (await hub.Client.PostAsJsonAsync("/v1/api/models/list", new { workspace_id = workspace }).JsonAsync())
            .GetProperty("models");
        var versions = listed.EnumerateArray().Select(m => m.GetProperty("model_versions")[0].GetProperty("model_version"))
            .Where(v => v.GetProperty("status").GetString() == "ready").Take(2).ToList();
        var weights = versions.Select(v => new
        {
            weight = 1, model = new
            {
                name = v.GetProperty("name").GetString(), version = v.GetProperty("file_info").GetProperty("version").GetString(),
                sha = v.GetProperty("file_info").GetProperty("sha").GetString(),
            },
        });
        var step = new Dictionary<string, object> { ["RandomSplit"] = new { hash_key = "note", weights } };
        var name = "ab-" + Guid.NewGuid().ToString("N");
        var made = await hub.Client.PostAsJsonAsync(
            "/v1/api/pipelines/create", new { pipeline_id = name, workspace_id = workspace, definition = new { steps = new[] { step } } })
                .JsonAsync();
        var pipeline = made.GetProperty("pipeline_pk_id").GetInt64();
        var wanted = new { deploy_id = name, pipeline_id = pipeline,
            pipeline_version_pk_id = made.GetProperty("pipeline_variant_pk_id").GetInt64() };
        var deployment = (await hub.Client.PostAsJsonAsync("/v1/api/pipelines/deploy", wanted).JsonAsync()).GetProperty("id").GetInt64();
        await hub.Client.PostAsJsonAsync("/v1/api/pipelines/deploy", wanted).JsonAsync(409);
        var status = await hub.Client.PostAsJsonAsync("/v1/api/status/get_deployment", new { name = $"{name}-{deployment}" }).JsonAsync();
        Assert.Equal("Running", status.GetProperty("status").GetString());
        Assert.Equal(2, status.GetProperty("engines")[0].GetProperty("model_statuses").GetProperty("models").GetArrayLength());
        var answered = new Dictionary<string, HashSet<string>>();
        for (var i = 0; i < 80; i++)
        {
            var row = new[] { new { x = 0.5, colour = "red", note = $"user {i % 40}", z = 0.1 } };
            var answer = await hub.Client.PostAsJsonAsync($"/v1/api/pipelines/infer/{name}-{deployment}/{name}", row).JsonAsync();
            var model = answer[0].GetProperty("metadata").GetProperty("last_model").GetString()!;
            Assert.True(answered.TryAdd(row[0].note, [model]) || answered[row[0].note].Contains(model), "another model for the same key");
        }
        Assert.Equal(2, answered.Values.SelectMany(m => m).Distinct().Count());
        await UndeployAsync(pipeline);
    }

    public static TheoryData<string, string> Senseless => new()
    {
        { """[{"x": [1, 2]}]""", "has 2 values; the model reads 4" },
        { """[{"x": {"a": 1}}]""", "nested" },
        { "[]", "no rows" },
        { "[3]", "Row 0 is no record" },
        { "[{", "no JSON" },
        { """{"x": [1, 2], "z": [1]}""", "has 1 rows" },
        { """[{"x": [1, "a", 2, 3]}]""", "Row 0: 'x'" },
        { $"[{string.Join(',', Enumerable.Repeat("{}", 100_001))}]", "Row 100000: one body has at most 100000 rows" },
        { $$"""{"x": [[{{string.Join(',', Enumerable.Repeat("1", 5_300_000))}}]]}""", "at most 5000000 values" },
        { $$"""{"x": [{{string.Join(',', Enumerable.Repeat("1", 100_001))}}]}""", "Row 100000: one body has at most 100000 rows" },
    };

    [Theory]
    [MemberData(nameof(Senseless), DisableDiscoveryEnumeration = true)]
    public async Task Rows_that_make_no_sense_are_refused(string body, string said)
    {
        var (url, pipeline) = await Uploads.PipelineAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        var answer = await hub.Client.PostAsync(url, content).JsonAsync(400);
        Assert.Contains(said, answer.GetProperty("msg").GetString(), StringComparison.Ordinal);
        await UndeployAsync(pipeline);
    }

    [Fact]
    public async Task What_is_held_whole_has_a_bound_of_its_own()
    {
        var (url, pipeline) = await Uploads.PipelineAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        foreach (var path in new[] { new Uri(hub.Client.BaseAddress!, url).AbsolutePath, "/api/v2/customModels/" })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(hub.Client.BaseAddress!.Host, hub.Client.BaseAddress.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n"));
            var buffer = new byte[4096];
            var read = await socket.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.StartsWith("HTTP/1.1 413", Encoding.UTF8.GetString(buffer, 0, read), StringComparison.Ordinal);
        }
        await UndeployAsync(pipeline);
    }

    [Theory]
    [InlineData("{\"steps\": [{\"Nonsense\": {}}]}", 400)]
    [InlineData("{\"steps\": [{\"ModelInference\": {\"models\": []}}]}", 400)]
    [InlineData("{\"steps\": [{\"ModelInference\": {\"models\": [{\"name\": \"nowhere\"}]}}]}", 404)]
    [InlineData("{\"steps\": [{}, {}]}", 400)]
    [InlineData("7", 400)]
    public async Task Definitions_that_make_no_sense_are_refused(string definition, int status)
    {
        var workspace = await Uploads.NewWorkspaceAsync(hub);
        var answer = await hub.Client.PostAsJsonAsync(
            "/v1/api/pipelines/create",
                new { pipeline_id = "p", workspace_id = workspace, definition = JsonDocument.Parse(definition).RootElement })
            .JsonAsync(status);
        Assert.Equal(status, answer.GetProperty("code").GetInt32());
        Assert.NotEmpty(answer.GetProperty("msg").GetString()!);
    }

    [Fact]
    public async Task Nobody_else_sees_a_pipeline()
    {
        var (url, pipeline) = await Uploads.PipelineAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        using var stranger = await hub.NewUserAsync();
        await stranger.PostAsJsonAsync(url, new[] { new { x = 1 } }).JsonAsync(404);
        await stranger.PostAsJsonAsync("/v1/api/pipelines/undeploy", new { pipeline_id = pipeline }).JsonAsync(404);
        Assert.Equal(0,
            (await stranger.PostAsJsonAsync("/v1/api/pipelines/list", new { }).JsonAsync()).GetProperty("pipelines").GetArrayLength());
        await UndeployAsync(pipeline);
        await hub.Client.PostAsJsonAsync("/v1/api/pipelines/undeploy", new { pipeline_id = pipeline }).JsonAsync(409);
    }

    private async Task UndeployAsync(long pipeline) =>
        await hub.Client.PostAsJsonAsync("/v1/api/pipelines/undeploy", new { pipeline_id = pipeline }).JsonAsync();
}

using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ModelHub.Api.Tests.Experiments;

[Collection("hub")]
public sealed class ExperimentTests(RunningHub hub)
{
    [Fact]
    public async Task A_plan_says_what_a_search_comes_to_and_starts_nothing()
    {
        var version = await UploadAsync(400);
        var body = new { dataset_version_id = version, name = "planned", target_column = "label", problem_type = "classification", config = new { nfolds = 3, max_models = 2 } };
        var plan = (await hub.Client.PostAsJsonAsync("/api/experiments/plan", body).JsonAsync()).GetProperty("plan");
        Assert.Equal("binary", plan.GetProperty("task").GetString());
        Assert.Equal("auc", plan.GetProperty("metric").GetString());
        Assert.Equal((400, 3, 3, 3), (plan.GetProperty("rows").GetInt32(), plan.GetProperty("columns").GetInt32(), plan.GetProperty("features").GetInt32(), plan.GetProperty("folds").GetInt32()));
        Assert.Equal(["GBM", "GLM"], plan.GetProperty("trials").EnumerateArray().Select(t => t.GetString()!));
        Assert.True(plan.GetProperty("expected_seconds").GetDouble() is > 0 and < 60);
        Assert.True(plan.GetProperty("memory_bytes").GetInt64() is > 400 * 3 * 8 and < 500_000_000);
        Assert.Equal(JsonValueKind.Null, plan.GetProperty("budget_seconds").ValueKind);
        var timed = new { dataset_version_id = version, target_column = "x", config = new { max_runtime_secs = 0.01 } };
        plan = (await hub.Client.PostAsJsonAsync("/api/experiments/plan", timed).JsonAsync()).GetProperty("plan");
        Assert.Equal(("regression", 0.01), (plan.GetProperty("task").GetString(), plan.GetProperty("expected_seconds").GetDouble()));
        Assert.NotEqual(0, plan.GetProperty("warnings").GetArrayLength());
        Assert.Equal(0, (await hub.Client.GetAsync($"/api/experiments?project_id={_project}").JsonAsync()).GetProperty("total").GetInt32());
        await hub.Client.PostAsJsonAsync("/api/experiments/plan", new { dataset_version_id = version, target_column = "nowhere" }).JsonAsync(422);
        using var other = await hub.NewUserAsync();
        await other.PostAsJsonAsync("/api/experiments/plan", body).JsonAsync(404);
    }

    /// <summary>A search of a million rows that took 40 seconds here, as far as the hub knows: the same is expected of the next one.</summary>
    [Fact]
    public async Task A_plan_is_scaled_by_what_searches_here_took()
    {
        var made = await Leaderboards.TrainAsync(hub, "binary");
        await using var db = await hub.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        await using var pretend = db.CreateCommand();
        pretend.CommandText =
            $"""
             with x as (update experiments set started_at = finished_at - interval '40 seconds' where project_id = '{made.ProjectId}' returning dataset_version_id)
             update dataset_versions v set row_count = 1000000 from x where v.id = x.dataset_version_id returning v.id
             """;
        var version = (Guid)(await pretend.ExecuteScalarAsync())!;
        var plan = (await hub.Client.PostAsJsonAsync("/api/experiments/plan", new
        {
            dataset_version_id = version, target_column = "target", problem_type = "classification", config = new { nfolds = 2, max_models = 2 },
        }).JsonAsync()).GetProperty("plan");
        Assert.Equal(1, plan.GetProperty("measured_on").GetInt32());
        Assert.InRange(plan.GetProperty("expected_seconds").GetDouble(), 30, 50);
    }

    [Fact]
    public async Task Events_tell_of_every_trial_until_the_end()
    {
        var id = await StartAsync(await UploadAsync(300), new { nfolds = 2, max_models = 2 });
        var events = await EventsAsync(id, _ => false);
        var (name, last) = events[^1];
        Assert.Equal("end", name);
        Assert.All(events.SkipLast(1), e => Assert.Equal("progress", e.Name));
        Assert.Equal("succeeded", last.GetProperty("status").GetString());
        var live = last.GetProperty("live");
        Assert.True(live.GetProperty("trials_done").GetInt32() >= 2);
        Assert.Equal(live.GetProperty("trials").EnumerateArray().Max(t => t.GetProperty("score").GetDouble()), live.GetProperty("best").GetProperty("score").GetDouble());
        var board = (await hub.Client.GetAsync($"/api/experiments/{id}").JsonAsync()).GetProperty("experiment").GetProperty("leaderboard").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(1, board.Count), board.Select(m => m.GetProperty("rank").GetInt32()));
        Assert.Equal(board.Select(m => m.GetProperty("metrics").GetProperty("auc").GetDouble()).OrderDescending(), board.Select(m => m.GetProperty("metrics").GetProperty("auc").GetDouble()));
        foreach (var entry in board)
        {
            var scores = entry.GetProperty("fold_scores").EnumerateArray().Select(s => s.GetDouble()).ToList();
            Assert.Equal(scores.Average(), entry.GetProperty("fold_mean").GetDouble(), 12);
            Assert.Equal(Math.Abs(scores[0] - scores[1]) / Math.Sqrt(2), entry.GetProperty("fold_deviation").GetDouble(), 12);
            Assert.True(entry.GetProperty("train_seconds").GetDouble() > 0 && entry.GetProperty("micros_per_row").GetDouble() > 0 && entry.GetProperty("size_bytes").GetInt64() > 0);
        }
        using var other = await hub.NewUserAsync();
        await other.GetAsync($"/api/experiments/{id}/events").JsonAsync(404);
    }

    [Fact]
    public async Task What_was_trained_before_a_cancel_stays()
    {
        var id = await StartAsync(await UploadAsync(6000), new { nfolds = 5, mode = "high_accuracy" });
        var seen = await EventsAsync(id, e => e.GetProperty("live").GetProperty("trials_done").GetInt32() > 0);
        Assert.Equal("progress", seen[^1].Name);
        Assert.True(seen[^1].Data.GetProperty("live").GetProperty("seconds_left").GetDouble() >= 0);
        await hub.Client.PostAsync($"/api/experiments/{id}/cancel", null).JsonAsync();
        Assert.Equal("cancelled", (await EventsAsync(id, _ => false))[^1].Data.GetProperty("status").GetString());
        var ended = (await hub.Client.GetAsync($"/api/experiments/{id}").JsonAsync()).GetProperty("experiment");
        Assert.NotEqual(0, ended.GetProperty("leaderboard").GetArrayLength());
        var best = ended.GetProperty("best_model_id").GetString();
        var scored = await hub.Client.PostAsJsonAsync($"/api/models/{best}/predict", new { inputs = new { x = 3.0 } }).JsonAsync();
        Assert.Equal("yes", scored.GetProperty("predictions")[0].GetProperty("prediction").GetString());
        await hub.Client.PostAsync($"/api/experiments/{id}/cancel", null).JsonAsync(409);
    }

    /// <summary>However many there are on a page.</summary>
    [Fact]
    public async Task A_list_asks_as_often_for_many_as_for_one()
    {
        for (var i = 0; i < 3; i++)
            await StartAsync(await UploadAsync(60), new { nfolds = 2, max_models = 1 });
        foreach (var list in new[] { "/api/experiments?limit=", "/api/v2/datasets/?limit=" })
            Assert.Equal(await StatementsAsync(list, 1, 1), await StatementsAsync(list, 100, 3));

        async Task<int> StatementsAsync(string list, int limit, int least)
        {
            using var seen = new SeenStatements();
            var page = await hub.Client.GetAsync(list + limit).JsonAsync();
            Assert.InRange((page.TryGetProperty("items", out var items) ? items : page.GetProperty("data")).GetArrayLength(), least, limit);
            return seen.Texts.Count;
        }
    }

    private string _project = "";

    private async Task<string> UploadAsync(int rows)
    {
        _project = (await hub.Client.PostAsJsonAsync("/api/projects", new { name = "e" + Guid.NewGuid() }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
        var text = new StringBuilder("x,y,colour,label\n");
        for (var i = 0; i < rows; i++)
        {
            var x = 4 * Math.Sin(i * 12.9898);
            text.Append(CultureInfo.InvariantCulture, $"{x:R},{Math.Cos(i * 3.7):R},{(i % 3 == 0 ? "red" : "blue")},{(x + Math.Cos(i) > 0 ? "yes" : "no")}\n");
        }
        using var form = new MultipartFormDataContent
        {
            { new StringContent(_project), "project_id" }, { new StringContent("t"), "name" }, { new ByteArrayContent(Encoding.UTF8.GetBytes(text.ToString())), "file", "t.csv" },
        };
        return (await hub.Client.PostAsync("/api/datasets", form).JsonAsync(201)).GetProperty("dataset").GetProperty("version_id").GetString()!;
    }

    private async Task<string> StartAsync(string version, object config) =>
        (await hub.Client.PostAsJsonAsync("/api/experiments", new { dataset_version_id = version, name = "run", target_column = "label", config }).JsonAsync(202))
        .GetProperty("experiment").GetProperty("id").GetString()!;

    /// <summary>Events until one is the last or the wanted one.</summary>
    private async Task<List<(string Name, JsonElement Data)>> EventsAsync(string id, Func<JsonElement, bool> isWanted)
    {
        using var answer = await hub.Client.GetAsync($"/api/experiments/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var events = new List<(string Name, JsonElement Data)>();
        var name = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line["event: ".Length..];
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            events.Add((name, JsonSerializer.Deserialize<JsonElement>(line["data: ".Length..]).GetProperty("experiment")));
            if (isWanted(events[^1].Data))
                break;
        }
        return events;
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Api.Hosting;

namespace ModelHub.Api.Tests.Deployments;

[Collection("hub")]
public sealed class DeploymentTests(RunningHub hub)
{
    [Fact]
    public async Task Replacing_under_load_fails_no_request_and_leaves_none_to_the_old_model_once_acknowledged()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var served = new Dictionary<string, long>(StringComparer.Ordinal) { [Hex(made.BestId)] = 0, [Hex(made.OtherId)] = 0 };
        var acknowledged = Hex(made.BestId);
        var turning = 0; // odd while a replacement is under way
        using var stop = new CancellationTokenSource();
        var body = made.Csv(3);
        var load = Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var (turn, expected) = (Volatile.Read(ref turning), Volatile.Read(ref acknowledged));
                using var answer = await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(body, Encoding.UTF8, "text/csv"));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                var model = answer.Headers.GetValues("X-DataRobot-Model-Id").Single();
                lock (served)
                    served[model]++;
                if (turn % 2 == 0 && turn == Volatile.Read(ref turning))
                    Assert.Equal(expected, model);
            }
        })).ToArray();
        for (var i = 0; i < 40; i++)
        {
            var next = i % 2 == 0 ? made.OtherId : made.BestId;
            Interlocked.Increment(ref turning);
            await hub.Client.PatchAsJsonAsync($"/api/deployments/{id}", new { model_id = next, reason = "turn " + i }).JsonAsync();
            Volatile.Write(ref acknowledged, Hex(next));
            Interlocked.Increment(ref turning);
            await Task.Delay(5);
        }
        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.All(served.Values, count => Assert.True(count > 10));
        var history = (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/deployments/{id}/history?limit=500")).GetProperty("items");
        Assert.Equal(41, history.GetArrayLength());
        Assert.Equal(("turn 39", made.OtherId, made.BestId), (history[0].GetProperty("reason").GetString(), history[0].GetProperty("from").GetString(), history[0].GetProperty("to").GetString()));
    }

    [Fact]
    public async Task A_change_made_in_one_process_is_served_by_the_others_when_it_is_acknowledged()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        await using var other = HubHost.Build(hub.Services.GetRequiredService<HubSettings>() with { Role = "api" });
        await other.StartAsync();
        using var there = new HttpClient { BaseAddress = new Uri(other.Urls.First()), DefaultRequestHeaders = { { "Authorization", "Bearer " + RunningHub.Key } } };
        for (var i = 0; i < 6; i++)
        {
            var next = i % 2 == 0 ? made.OtherId : made.BestId;
            await hub.Client.PatchAsJsonAsync($"/api/deployments/{id}", new { model_id = next }).JsonAsync();
            using var answer = await there.PostAsync($"/deployments/{id}/predictions", new StringContent(made.Csv(1), Encoding.UTF8, "text/csv"));
            Assert.Equal(Hex(next), answer.Headers.GetValues("X-DataRobot-Model-Id").Single());
        }
        await hub.Client.DeleteAsync($"/api/deployments/{id}").JsonAsync();
        using var gone = await there.PostAsync($"/deployments/{id}/predictions", new StringContent(made.Csv(1), Encoding.UTF8, "text/csv"));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await other.StopAsync();
    }

    [Fact]
    public async Task What_is_deployed_is_not_deleted_by_any_door()
    {
        var made = await Leaderboards.TrainAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        foreach (var path in new[] { $"/api/models/{made.BestId}", $"/api/projects/{made.ProjectId}" })
        {
            var refused = await hub.Client.DeleteAsync(path).JsonAsync(409);
            Assert.Contains(refused.GetProperty("deployments").EnumerateArray(), link => link.GetString()!.Contains(id, StringComparison.Ordinal));
        }
        await hub.Client.DeleteAsync($"/api/deployments/{id}").JsonAsync();
        await hub.Client.DeleteAsync($"/api/models/{made.BestId}").JsonAsync();
        await hub.Client.PostAsJsonAsync("/api/deployments", new { name = "late", model_id = made.BestId, stage = "staging" }).JsonAsync(404);
    }

    [Fact]
    public async Task Deploying_and_deleting_at_once_ends_with_one_of_the_two()
    {
        var made = await Leaderboards.TrainAsync(hub, "binary");
        foreach (var model in new[] { made.OtherId, made.BestId })
        {
            var deploying = Enumerable.Range(0, 4).Select(i => hub.Client.PostAsJsonAsync("/api/deployments", new { name = "race" + i, model_id = model, stage = "staging" })).ToArray();
            var deleting = hub.Client.DeleteAsync($"/api/models/{model}");
            var deployed = await Task.WhenAll(deploying);
            var deleted = await deleting;
            var made201 = deployed.Count(d => d.StatusCode == HttpStatusCode.Created);
            Assert.All(deployed, d => Assert.True(d.StatusCode is HttpStatusCode.Created or HttpStatusCode.NotFound, $"{d.StatusCode}"));
            Assert.Equal(made201 == 0 ? HttpStatusCode.OK : HttpStatusCode.Conflict, deleted.StatusCode);
        }
    }

    [Fact]
    public async Task Pausing_rolling_back_and_asking_for_the_past()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        await hub.Client.PostAsJsonAsync($"/api/deployments/{id}/rollback", new { }).JsonAsync(409);
        await hub.Client.PatchAsJsonAsync($"/api/deployments/{id}", new { model_id = made.OtherId }).JsonAsync();
        var between = DateTimeOffset.Parse((await hub.Client.GetFromJsonAsync<JsonElement>($"/api/deployments/{id}/history"))
            .GetProperty("items")[1].GetProperty("at").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
        await hub.Client.PostAsync($"/api/deployments/{id}/pause", null).JsonAsync();
        using (var paused = await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(made.Csv(1), Encoding.UTF8, "text/csv")))
            Assert.Equal(HttpStatusCode.Conflict, paused.StatusCode);
        await hub.Client.PostAsync($"/api/deployments/{id}/pause", null).JsonAsync(409);
        await hub.Client.PostAsJsonAsync($"/api/deployments/{id}/resume", new { reason = "back" }).JsonAsync();
        var back = await hub.Client.PostAsJsonAsync($"/api/deployments/{id}/rollback", new { reason = "worse" }).JsonAsync();
        Assert.Equal(made.BestId, back.GetProperty("deployment").GetProperty("model_id").GetString());
        var then = await hub.Client.GetAsync($"/api/deployments/{id}?as_of={Uri.EscapeDataString(between.AddMilliseconds(1).ToString("O"))}").JsonAsync();
        Assert.Equal(made.BestId, then.GetProperty("deployment").GetProperty("model_id").GetString());
        await hub.Client.GetAsync($"/api/deployments/{id}?as_of=2001-01-01T00:00:00Z").JsonAsync(404);
    }

    [Fact]
    public async Task Traffic_is_shared_as_planned_and_one_key_stays_with_one_model()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        await hub.Client.PutAsJsonAsync($"/api/deployments/{id}/traffic", new { variants = new[] { new { model_id = made.OtherId, weight = 101 } } }).JsonAsync(422);
        await hub.Client.PutAsJsonAsync($"/api/deployments/{id}/traffic", new { variants = new[] { new { model_id = made.BestId, weight = 10 } } }).JsonAsync(422);
        var regression = await Leaderboards.OfAsync(hub, "regression");
        await hub.Client.PutAsJsonAsync($"/api/deployments/{id}/traffic", new { shadows = new[] { regression.BestId } }).JsonAsync(422);
        await hub.Client.PutAsJsonAsync(
            $"/api/deployments/{id}/traffic", new { variants = new[] { new { model_id = made.OtherId, weight = 30 } }, sticky_by = "user" }).JsonAsync();
        var byOther = 0;
        for (var user = 0; user < 200; user++)
        {
            var models = new HashSet<string>(StringComparer.Ordinal);
            foreach (var content in new HttpContent[]
            {
                new StringContent($"x,user\n1,u{user}\n", Encoding.UTF8, "text/csv"), JsonContent.Create(new[] { new { x = 2, user = "u" + user } }),
            })
            {
                using var answer = await hub.Client.PostAsync($"/deployments/{id}/predictions", content);
                models.Add(answer.Headers.GetValues("X-DataRobot-Model-Id").Single());
            }
            byOther += Assert.Single(models) == Hex(made.OtherId) ? 1 : 0;
        }
        Assert.InRange(byOther, 36, 84); // 60 expected; 24 are 3.7 standard deviations of a binomial, and the keys are fixed
        await hub.Client.PutAsJsonAsync($"/api/deployments/{id}/traffic", new
        {
            canary = new { model_id = made.OtherId, steps = new[] { new { percent = 0, minutes = 0.0 }, new { percent = 100, minutes = 1.0 } } },
        }).JsonAsync();
        using var full = await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(made.Csv(1), Encoding.UTF8, "text/csv"));
        Assert.Equal(Hex(made.OtherId), full.Headers.GetValues("X-DataRobot-Model-Id").Single());
    }

    [Fact]
    public async Task What_happened_is_counted_and_compared_with_training()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        await hub.Client.PatchAsJsonAsync($"/api/deployments/{id}", new { settings = new { association_id = "id", keep_predictions = true } }).JsonAsync();
        await hub.Client.PutAsJsonAsync($"/api/deployments/{id}/traffic", new { shadows = new[] { made.OtherId } }).JsonAsync();
        JsonElement drift;
        do // until the training data is counted into bins, samples have nothing to be compared with
        {
            var csv = "id," + made.Csv(50).Replace("\n", "\nI", StringComparison.Ordinal).TrimEnd('I').Replace("\nI", "\n", StringComparison.Ordinal);
            var lines = csv.TrimEnd('\n').Split('\n');
            var body = lines[0] + "\n" + string.Concat(lines.Skip(1).Select((l, i) => $"r{i},{l}\n"));
            await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(body, Encoding.UTF8, "text/csv")).JsonAsync();
            await Task.Delay(300);
            drift = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/deployments/{id}/drift");
        }
        while (!drift.GetProperty("models").EnumerateArray().Any(m => m.GetProperty("model_id").GetString() == made.BestId && m.GetProperty("rows").GetInt64() > 0));
        var features = drift.GetProperty("models").EnumerateArray().First(m => m.GetProperty("model_id").GetString() == made.BestId).GetProperty("features");
        Assert.All(features.EnumerateArray(), f => Assert.NotEqual("significant", f.GetProperty("level").GetString())); // the training rows themselves
        Assert.Equal(50, (await hub.Client.PostAsJsonAsync($"/api/deployments/{id}/actuals", new
        {
            actuals = Enumerable.Range(0, 50).Select(i => new { association_id = "r" + i, actual = i % 2 == 0 ? "yes" : "no" }),
        }).JsonAsync()).GetProperty("accepted").GetInt32());
        await hub.Client.PostAsJsonAsync($"/api/deployments/{id}/actuals", new { actuals = Array.Empty<object>() }).JsonAsync(422);
        int[] rows;
        do // the shadow's predictions come after the answered ones
        {
            await Task.Delay(100);
            var accuracy = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/deployments/{id}/accuracy");
            rows = [.. accuracy.GetProperty("models").EnumerateArray().Select(m => m.GetProperty("rows").GetInt32())];
        }
        while (!rows.SequenceEqual([50, 50]));
        var stats = (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/deployments/{id}/stats")).GetProperty("stats");
        Assert.True(stats.GetProperty("requests").GetInt64() >= 1 && stats.GetProperty("compared_rows").GetInt64() >= 50, stats.GetRawText());
        Assert.Equal(0, stats.GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task Humility_warns_overrides_and_refuses()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        await hub.Client.PatchAsJsonAsync($"/api/deployments/{id}", new { settings = new { humility = new[] { new { name = "r", trigger = "nonsense", action = "warn" } } } }).JsonAsync(422);
        await hub.Client.PatchAsJsonAsync($"/api/deployments/{id}", new
        {
            settings = new
            {
                humility = new object[]
                {
                    new { name = "far", trigger = "outlying_input", action = "refuse", feature = "x", margin = 1.0 },
                    new { name = "new", trigger = "unseen_category", action = "override", @override = "yes" },
                },
            },
        }).JsonAsync();
        var rows = (await hub.Client.PostAsync($"/deployments/{id}/predictions?predictionWarningEnabled=true", new StringContent(
            "x,colour\n-3,blue\n1e6,blue\n-3,purple\n", Encoding.UTF8, "text/csv")).JsonAsync()).GetProperty("data");
        Assert.False(rows[0].TryGetProperty("humility", out _));
        Assert.Equal((JsonValueKind.Null, "far", true), (rows[1].GetProperty("prediction").ValueKind, rows[1].GetProperty("humility").GetProperty("rule").GetString(), rows[1].GetProperty("isOutlierPrediction").GetBoolean()));
        Assert.Equal((1, "override"), (rows[2].GetProperty("prediction").GetInt32(), rows[2].GetProperty("humility").GetProperty("action").GetString()));
    }

    [Fact]
    public async Task A_deployment_has_a_document_of_its_own_model()
    {
        var made = await Leaderboards.OfAsync(hub, "multiclass");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var document = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/deployments/{id}/openapi.json");
        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.True(schemas.GetProperty("Row").GetProperty("properties").TryGetProperty("colour", out _));
        Assert.Contains("middle", schemas.GetProperty("Predictions").GetRawText(), StringComparison.Ordinal);
    }

    private static string Hex(string id) => Application.Identity.HubId.ToHex(Guid.Parse(id));
}

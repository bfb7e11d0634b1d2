using System.Net.Http.Json;

namespace ModelHub.Api.Tests.Studio;

[Collection("hub")]
public sealed class StudioTests(RunningHub hub)
{
    private static readonly Dictionary<string, object> Row = new(StringComparer.Ordinal) { ["x"] = 0.4, ["colour"] = "blue", ["note"] = "note 1", ["z"] = 0.1 };

    [Fact]
    public async Task A_session_keeps_its_scenarios_with_what_the_deployment_said()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var deployment = await Leaderboards.DeployAsync(hub, made.BestId);
        var session = (await hub.Client.PostAsJsonAsync("/api/studio/sessions", new { deployment_id = deployment, name = "s", @base = Row }).JsonAsync(201)).GetProperty("session");
        var path = $"/api/studio/sessions/{session.GetProperty("id").GetString()}";
        var scenario = (await hub.Client.PostAsJsonAsync(path + "/scenarios", new { name = "red", changes = new { colour = "red", x = 3.5 } }).JsonAsync(201)).GetProperty("scenario");
        var changed = new Dictionary<string, object>(Row, StringComparer.Ordinal) { ["x"] = 3.5, ["colour"] = "red" };
        var direct = (await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs = changed }).JsonAsync()).GetProperty("predictions")[0];
        Assert.Equal(direct.GetRawText(), scenario.GetProperty("prediction").GetRawText());
        Assert.NotEqual(0, scenario.GetProperty("contribution_changes").GetArrayLength());
        await hub.Client.PostAsJsonAsync(path + "/scenarios", new { changes = new { x = (double?)null } }).JsonAsync(201);
        var kept = (await hub.Client.GetAsync(path).JsonAsync()).GetProperty("session").GetProperty("scenarios").EnumerateArray().ToList();
        Assert.Equal(["red", "scenario 2"], kept.Select(s => s.GetProperty("name").GetString()!));
        Assert.All(new[] { "prediction", "base", "change", "contribution_changes" }, part => Assert.Equal(scenario.GetProperty(part).GetRawText(), kept[0].GetProperty(part).GetRawText()));
        var list = await hub.Client.GetAsync($"/api/studio/sessions?deployment_id={deployment}").JsonAsync();
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        await hub.Client.DeleteAsync($"{path}/scenarios/{kept[1].GetProperty("id").GetString()}").JsonAsync();
        Assert.Equal(1, (await hub.Client.GetAsync(path + "/scenarios").JsonAsync()).GetProperty("total").GetInt32());
        using var other = await hub.NewUserAsync();
        await other.GetAsync(path).JsonAsync(404);
        await other.PostAsJsonAsync("/api/studio/sessions", new { deployment_id = deployment, @base = Row }).JsonAsync(404);
        await other.GetAsync($"/api/studio/deployments/{deployment}/schema").JsonAsync(404);
        Assert.Equal(0, (await other.GetAsync("/api/studio/sessions").JsonAsync()).GetProperty("total").GetInt32());
        await hub.Client.DeleteAsync(path).JsonAsync();
        await hub.Client.GetAsync(path).JsonAsync(404);
    }

    [Fact]
    public async Task A_schema_says_what_a_deployment_reads()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var deployment = await Leaderboards.DeployAsync(hub, made.BestId);
        var schema = (await hub.Client.GetAsync($"/api/studio/deployments/{deployment}/schema").JsonAsync()).GetProperty("schema");
        Assert.Equal(("binary", "target"), (schema.GetProperty("task").GetString(), schema.GetProperty("target").GetString()));
        Assert.Equal(["no", "yes"], schema.GetProperty("classes").EnumerateArray().Select(c => c.GetString()!));
        var inputs = schema.GetProperty("inputs").EnumerateArray().ToDictionary(i => i.GetProperty("name").GetString()!);
        Assert.Equal("number", inputs["x"].GetProperty("type").GetString());
        Assert.InRange(inputs["x"].GetProperty("min").GetDouble(), -4, -3.5);
        Assert.Contains("red", inputs["colour"].GetProperty("levels").EnumerateArray().Select(l => l.GetString()));
        Assert.True(inputs["z"].GetProperty("missing_rate").GetDouble() > 0.1);
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        var made = await Leaderboards.OfAsync(hub, "regression");
        var deployment = await Leaderboards.DeployAsync(hub, made.BestId);
        await hub.Client.PostAsJsonAsync("/api/studio/sessions", new { deployment_id = deployment }).JsonAsync(422);
        await hub.Client.PostAsJsonAsync("/api/studio/sessions", new { deployment_id = deployment, @base = Row, name = " " }).JsonAsync(422);
        await hub.Client.PostAsJsonAsync("/api/studio/sessions", new { deployment_id = Guid.NewGuid(), @base = Row }).JsonAsync(404);
        var session = (await hub.Client.PostAsJsonAsync("/api/studio/sessions", new { deployment_id = deployment, @base = Row }).JsonAsync(201)).GetProperty("session");
        var path = $"/api/studio/sessions/{session.GetProperty("id").GetString()}/scenarios";
        await hub.Client.PostAsJsonAsync("/api/studio/sessions", new { deployment_id = deployment, @base = new { note = new string('x', 1 << 20) } }).JsonAsync(422);
        await hub.Client.PostAsJsonAsync(path, new { changes = new { note = new string('x', 100_000) } }).JsonAsync(422);
        await hub.Client.PostAsJsonAsync(path, new { }).JsonAsync(422);
        await hub.Client.PostAsJsonAsync(path, new { changes = new { nowhere = 1 } }).JsonAsync(422);
        await hub.Client.DeleteAsync($"{path}/{Guid.NewGuid()}").JsonAsync(404);
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Models whose answers are no numbers, tested and scored; explanations of models that can only be asked.</summary>
[Collection("others models")]
public sealed class OtherTargetTests(RunningHub hub)
{
    [Theory]
    [InlineData("TextGeneration", "['about ' + str(v) for v in data['a']]", "\"about 1.0\"")]
    [InlineData("Transform", "[{'twice': 2 * v} for v in data['a']]", "{\"twice\": 2.0}")]
    [InlineData("GeoPoint", "[[v, -v] for v in data['a']]", "[1.0, -1.0]")]
    public async Task Answers_come_through_as_they_are(string target, string expression, string first)
    {
        var code = $"def score(data, model, **kwargs):\n    data = {{'a': [0.0 if v is None else float(v) for v in data['a']]}}\n    return {expression}\n";
        var (model, version) = await hub.ModelAsync(new { name = "answers", customModelType = "inference", targetType = target, targetName = "y" }, ("custom.py", code));
        Assert.Equal("succeeded", await TestedAsync(model, version));
        var deployment = await DeployAsync(version);
        var answer = await HubSteps.Sent(hub.Client.PostAsync($"/predApi/v1.0/deployments/{deployment}/predictions?passthroughColumns=a", Csv("a\n1\n2.5\n")));
        var rows = answer.GetProperty("data");
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(first).RootElement, rows[0].GetProperty("prediction")), rows[0].ToString());
        Assert.Equal(1, rows[1].GetProperty("rowId").GetInt32());
        Assert.Equal("2.5", rows[1].GetProperty("passthroughValues").GetProperty("a").ToString());
        using var refused = await hub.Client.PostAsJsonAsync($"/api/models/{version.GetProperty("id").GetString()}/predict", new { inputs = new[] { new { a = 1 } } });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Contains("are no numbers", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unstructured_model_is_handed_bodies_and_gives_back_its_own()
    {
        const string Code = "def score_unstructured(model, data, **kwargs):\n    return data if isinstance(data, bytes) else data.upper()\n";
        var (model, version) = await hub.ModelAsync(new { name = "free", customModelType = "inference", targetType = "Unstructured" }, ("custom.py", Code));
        Assert.Equal("succeeded", await TestedAsync(model, version));
        var deployment = await DeployAsync(version);
        var where = $"/predApi/v1.0/deployments/{deployment}/";
        var text = await hub.Client.PostAsync(where + "predictionsUnstructured", new StringContent("grüße", Encoding.UTF8, "text/plain"));
        Assert.Equal(("GRÜSSE", "text/plain"), (await text.Content.ReadAsStringAsync(), text.Content.Headers.ContentType!.MediaType));
        byte[] bytes = [0xFF, 0xFE, 0, 1];
        Assert.Equal(bytes, await (await hub.Client.PostAsync(where + "predictionsUnstructured", new ByteArrayContent(bytes))).Content.ReadAsByteArrayAsync());
        var rows = await hub.Client.PostAsync(where + "predictions", Csv("a\n1\n"));
        Assert.Contains("predictionsUnstructured", await rows.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(rows.IsSuccessStatusCode);
        using var stranger = await hub.NewUserAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.PostAsync(where + "predictionsUnstructured", new StringContent("x"))).StatusCode);
    }

    [Fact]
    public async Task Predictions_are_explained_once_that_is_initialised()
    {
        var (model, version) = await hub.ModelAsync(
            new { name = "explained", customModelType = "inference", targetType = "Regression", targetName = "y" }, ("custom.py", Upload.Hooks));
        var deployment = await DeployAsync(version);
        var where = $"/predApi/v1.0/deployments/{deployment}/predictionExplanations?maxCodes=2";
        Assert.Contains("initialized first", await (await hub.Client.PostAsync(where, Csv("a,b\n100,0\n"))).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var other = await hub.ModelAsync(new { name = "explained", customModelType = "inference", targetType = "Regression", targetName = "y" }, ("custom.py", Upload.Hooks));
        await HubSteps.Sent(hub.Client.PatchAsJsonAsync($"/api/v2/customModels/{other.Model}/trainingData/", new { datasetId = await hub.DatasetAsync(80) }));
        var id = other.Version.GetProperty("id").GetString();
        await HubSteps.Sent(hub.Client.PostAsync($"/api/v2/customModels/{other.Model}/versions/{id}/predictionExplanationsInitialization/", null));
        await hub.EndAsync("custom_model_version.explanations");
        deployment = await DeployAsync(other.Version);
        var row = (await HubSteps.Sent(hub.Client.PostAsync($"/predApi/v1.0/deployments/{deployment}/predictionExplanations?maxCodes=2", Csv("a,b\n100,0\n-100,0\n")))).GetProperty("data");
        var (up, down) = (row[0].GetProperty("predictionExplanations"), row[1].GetProperty("predictionExplanations"));
        Assert.Equal("a", up[0].GetProperty("feature").GetString());

        // The model is linear: what "a" does for two rows differs by 3 × 200 whatever the baseline, and nothing else differs.
        Assert.Equal(600, up[0].GetProperty("strength").GetDouble() - down[0].GetProperty("strength").GetDouble(), 1e-9);
        Assert.Equal(up[1].GetProperty("strength").GetDouble(), down[1].GetProperty("strength").GetDouble(), 1e-9);
        Assert.StartsWith("+", up[0].GetProperty("qualitativeStrength").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("featureImpact", "featureImpacts")]
    [InlineData("shapImpact", "shapImpacts")]
    public async Task Trained_models_have_impacts_too(string kind, string list)
    {
        var trained = await Leaderboards.OfAsync(hub, "binary");
        var where = $"/api/v2/projects/{trained.ProjectId}/models/{trained.BestId}/{kind}/";
        using var answer = await hub.Client.PostAsync(where, null);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Contains("/api/v2/status/", answer.Headers.Location!.AbsolutePath, StringComparison.Ordinal);
        var impacts = (await HubSteps.Sent(hub.Client.GetAsync(where))).GetProperty(list);
        Assert.Equal(1, impacts[0].GetProperty("impactNormalized").GetDouble());
        Assert.Equal(impacts[0].GetProperty("impactUnnormalized").GetDouble(), impacts.EnumerateArray().Max(i => i.GetProperty("impactUnnormalized").GetDouble()));
        Assert.Equal(HttpStatusCode.NotFound, (await hub.Client.GetAsync(where.Replace(trained.ProjectId, Guid.NewGuid().ToString(), StringComparison.Ordinal))).StatusCode);
    }

    private static StringContent Csv(string text) => new(text, Encoding.UTF8, "text/csv");

    private async Task<string> DeployAsync(JsonElement version) => (await HubSteps.Sent(hub.Client.PostAsJsonAsync(
        "/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = version.GetProperty("id").GetString(), label = "d " + Guid.NewGuid() }))).GetProperty("id").GetString()!;

    private async Task<string> TestedAsync(string model, JsonElement version)
    {
        var wanted = new { customModelId = model, customModelVersionId = version.GetProperty("id").GetString(), datasetId = await hub.DatasetAsync(20) };
        await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModelTests/", wanted));
        var ended = await HubSteps.UntilAsync(
            () => hub.Client.GetFromJsonAsync<JsonElement>($"/api/v2/customModelTests/?customModelId={model}"),
            l => l.GetProperty("data")[0].GetProperty("overallStatus").GetString() is not ("queued" or "in_progress"));
        return ended.GetProperty("data")[0].GetProperty("overallStatus").GetString()!;
    }
}

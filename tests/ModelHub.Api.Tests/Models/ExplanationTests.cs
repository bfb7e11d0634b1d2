using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;
using ModelHub.Api.Tests.Natives;
using ModelHub.Api.Tests.Registry;

namespace ModelHub.Api.Tests.Models;

[Collection("hub")]
public sealed class ExplanationTests(RunningHub hub)
{
    [Fact]
    public async Task A_search_leaves_all_its_models_explained()
    {
        var made = await Leaderboards.TrainAsync(hub, "binary");
        var job = await JobAsync(made.ProjectId);
        Assert.Equal("succeeded", job.GetProperty("state").GetString());
        // From storage: the data that they would be computed from is gone.
        await hub.Client.DeleteAsync($"/api/datasets/{await DatasetAsync(made.ProjectId)}").JsonAsync();
        foreach (var id in new[] { made.BestId, made.OtherId })
        {
            var explained = (await hub.Client.GetAsync($"/api/models/{id}/explain").JsonAsync()).GetProperty("explain");
            Assert.Equal("x", explained.GetProperty("permutation_importance").GetProperty("variables")[0].GetProperty("variable").GetString());
            Assert.NotEqual(0, explained.GetProperty("partial_dependence").GetArrayLength());
        }
    }

    [Fact]
    public async Task An_uploaded_model_is_explained_with_the_data_that_is_named()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var artifact = await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact");
        var version = await Uploads.ReadyAsync(hub, made.ProjectId, artifact, "model.modelhub");
        var refused = await hub.Client.GetAsync($"/api/models/{version}/explain").JsonAsync(422);
        Assert.Contains("dataset_id", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var dataset = await DatasetAsync(made.ProjectId);
        var own = (await hub.Client.GetAsync($"/api/models/{made.BestId}/explain").JsonAsync()).GetProperty("explain");
        var explained = (await hub.Client.GetAsync($"/api/models/{version}/explain?dataset_id={dataset}").JsonAsync()).GetProperty("explain");
        foreach (var part in new[] { "permutation_importance", "partial_dependence" })
            Assert.Equal(own.GetProperty(part).GetRawText(), explained.GetProperty(part).GetRawText());
        Assert.NotEqual(0, explained.GetProperty("shap_summary").GetProperty("columns").GetArrayLength());
        Assert.NotEqual(JsonValueKind.Null, explained.GetProperty("roc_curve").ValueKind);
        Assert.Equal("yes", explained.GetProperty("calibration")[0].GetProperty("class").GetString());
        var kept = (await hub.Client.GetAsync($"/api/models/{version}/explain?dataset_id={dataset}").JsonAsync()).GetProperty("explain");
        Assert.Equal(explained.GetRawText(), kept.GetRawText());

        // Where the labels are called otherwise, predictions are compared with themselves; and what is named must be there.
        var unlabelled = (await hub.Client.GetAsync($"/api/models/{version}/explain?dataset_id={dataset}&target_column=note").JsonAsync()).GetProperty("explain");
        Assert.Equal("change", unlabelled.GetProperty("permutation_importance").GetProperty("metric").GetString());
        Assert.Equal(JsonValueKind.Null, unlabelled.GetProperty("roc_curve").ValueKind);
        await hub.Client.GetAsync($"/api/models/{version}/explain?dataset_id={dataset}&target_column=absent").JsonAsync(422);
        await hub.Client.GetAsync($"/api/models/{version}/explain?dataset_id={Guid.NewGuid()}").JsonAsync(404);
        using var other = await hub.NewUserAsync();
        await other.GetAsync($"/api/models/{version}/explain?dataset_id={dataset}").JsonAsync(404);
        var rows = await hub.Client.PostAsJsonAsync($"/api/models/{version}/explain/rows", new { inputs = new { x = 1.5, colour = "red" } }).JsonAsync();
        Assert.Equal("log_odds", rows.GetProperty("contribution_space").GetString());
    }

    [Fact]
    public async Task A_custom_model_is_explained_with_its_training_data()
    {
        var made = await Leaderboards.OfAsync(hub, "regression");
        var model = (await hub.Client.PostAsJsonAsync("/api/v2/customModels/", new
        {
            name = "m" + Guid.NewGuid(), customModelType = "inference", targetType = "Regression", targetName = "target",
        }).JsonAsync(201)).GetProperty("id").GetString();
        var environment = (await hub.Client.GetAsync("/api/v2/executionEnvironments/").JsonAsync()).GetProperty("data")[0].GetProperty("id").GetString()!;
        using var form = new MultipartFormDataContent
        {
            { new StringContent("true"), "isMajorUpdate" },
            { new StringContent(environment), "baseEnvironmentId" },
            { new ByteArrayContent(await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact")), "file", "model.modelhub" },
        };
        var version = (await hub.Client.PostAsync($"/api/v2/customModels/{model}/versions/", form).JsonAsync(201)).GetProperty("id").GetString();
        await hub.Client.GetAsync($"/api/models/{version}/explain").JsonAsync(422);
        using var assigned = await hub.Client.PatchAsJsonAsync($"/api/v2/customModels/{model}/trainingData/", new { datasetId = await DatasetAsync(made.ProjectId) });
        Assert.Equal(System.Net.HttpStatusCode.Accepted, assigned.StatusCode);
        var explained = (await hub.Client.GetAsync($"/api/models/{version}/explain").JsonAsync()).GetProperty("explain");
        Assert.Equal("rmse", explained.GetProperty("permutation_importance").GetProperty("metric").GetString());
        Assert.NotEqual(JsonValueKind.Null, explained.GetProperty("residuals").ValueKind);
    }

    [NativeFact]
    public async Task A_model_that_can_only_be_asked_is_explained_by_asking_it()
    {
        var project = (await hub.Client.PostAsJsonAsync("/api/projects", new { name = "asked " + Guid.NewGuid() }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
        // Splits on "b" at 3; "a" does nothing. The empty second part of the graph leaves it to ONNX Runtime.
        var version = await Uploads.ReadyAsync(hub, project, [.. BrokenFileTests.Onnx(), 7 << 3 | 2, 0], "model.onnx");
        var csv = new StringBuilder("a,b,target\n");
        for (var i = 0; i < 60; i++)
            csv.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"{i % 7},{i % 6},{(i % 6 < 3 ? 0 : 1)}");
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project), "project_id" }, { new StringContent("rows"), "name" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(csv.ToString())), "file", "rows.csv" },
        };
        var dataset = (await hub.Client.PostAsync("/api/datasets", form).JsonAsync(201)).GetProperty("dataset").GetProperty("id").GetString();
        await hub.Client.GetAsync($"/api/models/{version}/explain").JsonAsync(422);
        var explained = (await hub.Client.GetAsync($"/api/models/{version}/explain?dataset_id={dataset}").JsonAsync()).GetProperty("explain");
        Assert.Equal(JsonValueKind.Null, explained.GetProperty("shap_summary").ValueKind);
        var permutation = explained.GetProperty("permutation_importance");
        Assert.Equal("logloss", permutation.GetProperty("metric").GetString());
        Assert.Equal(["b", "a"], permutation.GetProperty("variables").EnumerateArray().Select(v => v.GetProperty("variable").GetString()));
        Assert.Equal(0, permutation.GetProperty("variables")[1].GetProperty("importance").GetDouble());
        Assert.Equal(1, explained.GetProperty("variable_importance")[0].GetProperty("percentage").GetDouble());

        var inputs = new[] { new { a = 1, b = 5 }, new { a = 6, b = 0 } };
        await hub.Client.PostAsJsonAsync($"/api/models/{version}/explain/rows", new { inputs }).JsonAsync(422);
        var rows = await hub.Client.PostAsJsonAsync($"/api/models/{version}/explain/rows", new { inputs, options = new { dataset_id = dataset } }).JsonAsync();
        Assert.Equal("probability", rows.GetProperty("contribution_space").GetString());
        var first = rows.GetProperty("rows")[0].GetProperty("explanations")[0];
        Assert.Equal("b", first.GetProperty("contributions")[0].GetProperty("feature").GetString());
        Assert.True(first.GetProperty("contributions")[0].GetProperty("value").GetDouble() > 0);
        Assert.Equal(
            first.GetProperty("score").GetDouble(),
            first.GetProperty("bias").GetDouble() + first.GetProperty("contributions").EnumerateArray().Sum(c => c.GetProperty("value").GetDouble()), 12);
    }

    private async Task<string> DatasetAsync(string projectId) =>
        (await hub.Client.GetAsync($"/api/datasets?project_id={projectId}").JsonAsync()).GetProperty("items")[0].GetProperty("id").GetString()!;

    /// <summary>The job that explains a search's models, when it has ended.</summary>
    private Task<JsonElement> JobAsync(string projectId) => HubSteps.SettledAsync(
        async () =>
        {
            var jobs = await hub.Client.GetAsync($"/api/jobs?project_id={projectId}").JsonAsync();
            return Assert.Single(jobs.GetProperty("items").EnumerateArray(), j => j.GetProperty("kind").GetString() == "experiment.explain");
        },
        "state");
}

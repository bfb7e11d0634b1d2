using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Custom models that are shared with people who are no members of their project; bounds that tests are asked for with.</summary>
[Collection("others models")]
public sealed class SharedModelTests(RunningHub hub)
{
    private const string Tests = "/api/v2/customModelTests/";
    private static readonly object Wanted = new { name = "shared", customModelType = "inference", targetType = "Regression", targetName = "y" };

    [Fact]
    public async Task Who_may_change_a_model_may_test_it_and_who_may_see_it_sees_its_tests()
    {
        var (model, version) = await hub.ModelAsync(Wanted, ("custom.py", "import time\ndef score(data, model, **kw):\n    time.sleep(600)\n"), ("requirements.txt", "pip\n"));
        using var editor = await hub.NewUserAsync();
        using var reader = await hub.NewUserAsync();
        using var stranger = await hub.NewUserAsync();
        var grants = new[] { new { username = await NameAsync(editor), role = "READ_WRITE" }, new { username = await NameAsync(reader), role = "READ_ONLY" } };
        await HubSteps.Sent(hub.Client.PatchAsJsonAsync($"/api/v2/customModels/{model}/accessControl/", new { data = grants }));
        var id = version.GetProperty("id").GetString();

        var data = await HubSteps.Sent(editor.PostAsync("/api/v2/datasets/fromFile/", Upload.Table(5)));
        var wish = new { customModelId = model, customModelVersionId = id, datasetId = data.GetProperty("catalogId").GetString() };
        await HubSteps.Sent(editor.PostAsJsonAsync(Tests, wish));
        var test = (await reader.GetFromJsonAsync<JsonElement>($"{Tests}?customModelId={model}")).GetProperty("data")[0].GetProperty("id").GetString();
        Assert.Equal(0, (await stranger.GetFromJsonAsync<JsonElement>($"{Tests}?customModelId={model}")).GetProperty("totalCount").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync($"{Tests}{test}/")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.DeleteAsync($"{Tests}{test}/")).StatusCode);
        await HubSteps.Sent(editor.DeleteAsync($"{Tests}{test}/"));

        // It is deployed, with whatever that costs, by the people of its project.
        using var deployed = await editor.PostAsJsonAsync("/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = id, label = "shared" });
        Assert.Equal(HttpStatusCode.Forbidden, deployed.StatusCode);
        using var packaged = await editor.PostAsJsonAsync("/api/v2/modelPackages/fromCustomModelVersion/", new { customModelVersionId = id });
        Assert.Equal(HttpStatusCode.Forbidden, packaged.StatusCode);
        using var hidden = await stranger.PostAsJsonAsync("/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = id, label = "shared" });
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);

        var build = $"/api/v2/customModels/{model}/versions/{id}/dependencyBuild/";
        await HubSteps.Sent(editor.PostAsync(build, null));
        await HubSteps.Sent(editor.DeleteAsync(build));
    }

    [Fact]
    public async Task Tests_are_found_by_what_they_were_asked_for_with()
    {
        var (model, version) = await hub.ModelAsync(Wanted, ("custom.py", Upload.Hooks));
        var bundle = (await hub.Client.GetFromJsonAsync<JsonElement>("/api/v2/mlops/compute/bundles/")).GetProperty("data")[0];
        var dataset = await hub.DatasetAsync(5);
        foreach (var (memory, replicas, high, named) in new[] { ((long?)null, (int?)null, (bool?)null, (string?)null), (256L << 20, 2, true, null), (null, null, null, bundle.GetProperty("id").GetString()) })
        {
            await HubSteps.Sent(hub.Client.PostAsJsonAsync(Tests, new
            {
                customModelId = model, customModelVersionId = version.GetProperty("id").GetString(), datasetId = dataset, maximumMemory = memory, replicas,
                requiresHa = high, networkEgressPolicy = high is null ? null : "NONE", resourceBundleId = named,
            }));
            await HubSteps.UntilAsync(() => ListAsync(model, ""), l => l.GetProperty("data")[0].GetProperty("overallStatus").GetString() is "succeeded");
        }
        Assert.Equal(3, (await ListAsync(model, "")).GetProperty("totalCount").GetInt32());
        foreach (var query in new[] { "&maximumMemory=268435456", "&desiredMemory=268435456", "&replicas=2", "&requiresHa=True", "&networkEgressPolicy=NONE", "&replicas=2&requiresHa=true" })
            Assert.True((await ListAsync(model, query)).GetProperty("totalCount").GetInt32() == 1, query);
        Assert.Equal(0, (await ListAsync(model, "&replicas=3")).GetProperty("totalCount").GetInt32());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await hub.Client.GetAsync($"{Tests}?customModelId={model}&networkEgressPolicy=SOME")).StatusCode);

        // A bundle is a name for memory, and the test has it.
        var bundled = (await ListAsync(model, $"&resourceBundleId={bundle.GetProperty("id").GetString()}")).GetProperty("data");
        Assert.Equal(1, bundled.GetArrayLength());
        Assert.Equal(bundle.GetProperty("memoryBytes").GetInt64(), bundled[0].GetProperty("maximumMemory").GetInt64());
    }

    [Fact]
    public async Task A_bundle_bounds_the_model_that_names_it()
    {
        var bundle = (await hub.Client.GetFromJsonAsync<JsonElement>("/api/v2/mlops/compute/bundles/")).GetProperty("data")[0];
        var (model, version) = await hub.ModelAsync(
            new { name = "bounded", customModelType = "inference", targetType = "Regression", targetName = "y", resourceBundleId = bundle.GetProperty("id").GetString() },
            ("custom.py", "def score(data, model, **kw):\n    b = bytearray(700 << 20)\n    for i in range(0, len(b), 4096): b[i] = 1\n    return [0.0 for _ in data['a']]\n"));
        await HubSteps.Sent(hub.Client.PostAsJsonAsync(
            Tests, new { customModelId = model, customModelVersionId = version.GetProperty("id").GetString(), datasetId = await hub.DatasetAsync(5) }));
        var ended = await HubSteps.UntilAsync(() => ListAsync(model, ""), l => l.GetProperty("data")[0].GetProperty("overallStatus").GetString() is not ("queued" or "in_progress"));
        // Which of the checks is on when it is found out is not said.
        var checks = ended.GetProperty("data")[0].GetProperty("testingStatus").EnumerateObject().Select(c => c.Value.GetProperty("message").GetString()!);
        Assert.Contains(checks, said => said.Contains("512 MiB", StringComparison.Ordinal));
        using var unknown = await hub.Client.PatchAsJsonAsync($"/api/v2/customModels/{model}/", new { resourceBundleId = "0123456789abcdef01234567" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unknown.StatusCode);
    }

    private Task<JsonElement> ListAsync(string model, string query) => hub.Client.GetFromJsonAsync<JsonElement>($"{Tests}?customModelId={model}{query}");

    private static async Task<string> NameAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonElement>("/api/users")).GetProperty("items")[0].GetProperty("username").GetString()!;
}

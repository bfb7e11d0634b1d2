using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ModelHub.Application.CustomModels;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>A hub whose settings bound models and hold secrets for some of its users.</summary>
public sealed class ServerSettingsTests : IAsyncLifetime
{
    private const string Tests = "/api/v2/customModelTests/";
    private const string Told = "def score(data, model, **kw):\n    import os\n    return [float(os.environ.get('ANSWER', -1)) for _ in data['a']]\n";
    private readonly RunningHub _hub = new()
    {
        CustomModels = new CustomModelSettings
        {
            DefaultMemory = 256 << 20, MaximumMemory = 512 << 20, MaximumReplicas = 2, MaximumTestUsers = 3, RequestSeconds = 8,
            Bundles = new Dictionary<string, BundleSettings> { ["Tiny"] = new() { Memory = 128 << 20, Description = "for weights in JSON" } },
            Secrets = new Dictionary<string, SecretSettings>
            {
                ["warehouse"] = new() { Users = ["admin"], Variables = new Dictionary<string, string> { ["ANSWER"] = "271828.5" } },
                ["open"] = new() { Users = ["*"], Variables = new Dictionary<string, string> { ["ANSWER"] = "7" } },
            },
        }.Checked(),
    };

    public Task InitializeAsync() => _hub.InitializeAsync();

    public Task DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Limits_and_bundles_are_those_of_the_settings_and_running_models_keep_to_them()
    {
        var limits = await _hub.Client.GetFromJsonAsync<JsonElement>("/api/v2/customModelLimits/");
        Assert.Equal(
            [268435456, 536870912, 2, 3],
            new[] { "desiredCustomModelContainerSize", "maxCustomModelContainerSize", "maxCustomModelReplicasPerDeployment", "maxCustomModelTestingParallelUsers" }
                .Select(name => limits.GetProperty(name).GetInt64()));
        var bundle = (await _hub.Client.GetFromJsonAsync<JsonElement>("/api/v2/mlops/compute/bundles/")).GetProperty("data").EnumerateArray().Single();
        Assert.Equal(("Tiny", 134217728), (bundle.GetProperty("name").GetString(), bundle.GetProperty("memoryBytes").GetInt64()));

        foreach (var (field, value) in new[] { ("maximumMemory", 536870913L), ("replicas", 3L) })
        {
            var wish = new Dictionary<string, object> { ["name"] = "more", ["customModelType"] = "inference", ["targetType"] = "Regression", ["targetName"] = "y", [field] = value };
            using var refused = await _hub.Client.PostAsJsonAsync("/api/v2/customModels/", wish);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
            Assert.Contains(field, await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        // 160 MiB are within the default of 256, and beyond the bundle's 128; more than 256 is beyond the default.
        var (status, message) = await TestAsync(Taking(160), null);
        Assert.True(status == "succeeded", message);
        (status, message) = await TestAsync(Taking(160), bundle.GetProperty("id").GetString());
        Assert.True(status == "failed" && message.Contains("128 MiB", StringComparison.Ordinal), message);
        (status, message) = await TestAsync(Taking(300), null);
        Assert.True(status == "failed" && message.Contains("256 MiB", StringComparison.Ordinal), message);
        (status, message) = await TestAsync("import time\ndef score(data, model, **kw):\n    time.sleep(600)\n", null);
        Assert.True(status == "failed" && message.Contains("8 s", StringComparison.Ordinal), $"{status}: {message}");
        var crowd = new { performanceCheck = new { numberOfParallelUsers = 4 } };
        var (model, version) = await ModelAsync(_hub.Client, Told, null);
        using var many = await _hub.Client.PostAsJsonAsync(
            Tests, new { customModelId = model, customModelVersionId = version, datasetId = await _hub.DatasetAsync(5), configuration = crowd });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, many.StatusCode);
    }

    [Fact]
    public async Task Secrets_go_to_the_code_of_those_they_are_for_and_to_nobody_else()
    {
        using var other = await _hub.NewUserAsync();
        var (warehouse, open) = (await SecretAsync(_hub.Client, "warehouse"), await SecretAsync(_hub.Client, "open"));
        Assert.Null(await SecretAsync(other, "warehouse"));
        Assert.Equal(open, await SecretAsync(other, "open"));
        Assert.DoesNotContain("271828", await _hub.Client.GetStringAsync("/api/v2/secretConfigs/"), StringComparison.Ordinal);

        var (given, version) = await ModelAsync(_hub.Client, Told, warehouse);
        Assert.Equal(271828.5, await AnswerAsync(_hub.Client, version));
        Assert.Equal(-1, await AnswerAsync(_hub.Client, (await ModelAsync(_hub.Client, Told, null)).Version));
        Assert.Equal(7, await AnswerAsync(other, (await ModelAsync(other, Told, open)).Version));
        Assert.DoesNotContain("271828", await _hub.Client.GetStringAsync($"/api/v2/customModels/{given}/versions/{version}/"), StringComparison.Ordinal);

        using var taken = await other.PostAsJsonAsync("/api/v2/customModels/", Wish(warehouse));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, taken.StatusCode);

        // Who may change the model, or copies it, brings code of their own: it is not what the secrets are for.
        var grants = new[] { new { username = (await other.GetFromJsonAsync<JsonElement>("/api/users")).GetProperty("items")[0].GetProperty("username").GetString(), role = "READ_WRITE" } };
        await HubSteps.Sent(_hub.Client.PatchAsJsonAsync($"/api/v2/customModels/{given}/accessControl/", new { data = grants }));
        var theirs = (await HubSteps.Sent(other.PostAsync($"/api/v2/customModels/{given}/versions/", Upload.Version(ContractPaths.BuiltIn, ("custom.py", Told))))).GetProperty("id").GetString()!;
        Assert.Contains("secrets", await RefusedAsync(_hub.Client, theirs), StringComparison.Ordinal);
        var copy = await HubSteps.Sent(other.PostAsJsonAsync("/api/v2/customModels/fromCustomModel/", new { customModelId = given }));
        Assert.Contains("secrets", await RefusedAsync(other, copy.GetProperty("latestVersion").GetProperty("id").GetString()!), StringComparison.Ordinal);
    }

    /// <summary>Hooks that hold memory long enough to be seen: it is looked at ten times a second.</summary>
    private static string Taking(int megabytes) =>
        $"import time\ndef score(data, model, **kw):\n    b = bytearray({megabytes} << 20)\n    for i in range(0, len(b), 4096): b[i] = 1\n    time.sleep(0.3)\n    return [0.0 for _ in data['a']]\n";

    private static object Wish(string? secrets, string? bundle = null) => new
    {
        name = "bounded", customModelType = "inference", targetType = "Regression", targetName = "y", secretConfigId = secrets, resourceBundleId = bundle,
    };

    private static async Task<(string Model, string Version)> ModelAsync(HttpClient client, string hooks, string? secrets, string? bundle = null)
    {
        var model = (await HubSteps.Sent(client.PostAsJsonAsync("/api/v2/customModels/", Wish(secrets, bundle)))).GetProperty("id").GetString()!;
        var version = await HubSteps.Sent(client.PostAsync($"/api/v2/customModels/{model}/versions/", Upload.Version(ContractPaths.BuiltIn, ("custom.py", hooks))));
        return (model, version.GetProperty("id").GetString()!);
    }

    private async Task<(string Status, string Message)> TestAsync(string hooks, string? bundle)
    {
        var (model, version) = await ModelAsync(_hub.Client, hooks, null, bundle);
        await HubSteps.Sent(_hub.Client.PostAsJsonAsync(Tests, new { customModelId = model, customModelVersionId = version, datasetId = await _hub.DatasetAsync(5) }));
        var ended = (await HubSteps.UntilAsync(
            () => _hub.Client.GetFromJsonAsync<JsonElement>($"{Tests}?customModelId={model}"),
            l => l.GetProperty("data")[0].GetProperty("overallStatus").GetString() is not ("queued" or "in_progress"))).GetProperty("data")[0];
        return (ended.GetProperty("overallStatus").GetString()!, ended.GetProperty("testingStatus").ToString());
    }

    private static async Task<string?> SecretAsync(HttpClient client, string name) =>
        (await client.GetFromJsonAsync<JsonElement>("/api/v2/secretConfigs/")).GetProperty("data").EnumerateArray()
            .Where(s => s.GetProperty("name").GetString() == name).Select(s => s.GetProperty("id").GetString()).SingleOrDefault();

    private static Task<HttpResponseMessage> DeployAsync(HttpClient client, string version) =>
        client.PostAsJsonAsync("/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = version, label = "given" });

    private static async Task<double> AnswerAsync(HttpClient client, string version)
    {
        var deployment = (await HubSteps.Sent(DeployAsync(client, version))).GetProperty("id").GetString();
        var answer = await HubSteps.Sent(client.PostAsJsonAsync($"/deployments/{deployment}/predictions", new[] { new { a = 1 } }));
        return answer.GetProperty("data")[0].GetProperty("prediction").GetDouble();
    }

    private static async Task<string> RefusedAsync(HttpClient client, string version)
    {
        using var answer = await DeployAsync(client, version);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode is >= 400 and < 500, text);
        return text;
    }
}

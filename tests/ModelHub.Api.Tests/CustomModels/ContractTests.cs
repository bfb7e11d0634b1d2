using System.Net.Http.Json;
using System.Text.Json;
using static ModelHub.Api.Tests.CustomModels.ContractPaths;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Every documented operation of custom models and environments, once as it is meant and once with bad input.</summary>
[Collection("others models")]
public sealed class ContractTests(RunningHub hub)
{
    private readonly Contract _contract = new(hub.Client);

    [Fact]
    public async Task All_54_operations_answer_as_documented()
    {
        Assert.Equal(54, Contract.All.Count);
        var environment = await EnvironmentsAsync();
        var (model, version, item) = await ModelsAsync(environment);
        var dataset = await hub.DatasetAsync(60);
        await VersionsAsync(model, version, dataset, environment);
        await RepositoryAsync(model, environment);
        var image = await TestsAsync(model, version, dataset);
        await InsightsAsync(model, version, image, dataset);
        await WorkAsync(model, version, item, environment);
        await DeletionsAsync(model);
        Assert.Empty(_contract.NeverAnswered);
        Assert.Empty(_contract.NeverRefused);
    }

    private async Task<string> EnvironmentsAsync()
    {
        var listed = await CallAsync("GET " + Environments, 200, null, "?offset=0&limit=1000");
        Assert.Contains(listed.GetProperty("data").EnumerateArray(), e => e.GetProperty("id").GetString() == BuiltIn);
        await CallAsync("GET " + Environments, 422, null, "?limit=1001");
        var made = (await CallAsync("POST " + Environments, 201, new { name = "walk", programmingLanguage = "python" })).GetProperty("id").GetString()!;
        await CallAsync("POST " + Environments, 422, new { name = "", programmingLanguage = "cobol" });
        await CallAsync("GET " + OneEnvironment, 200, null, made);
        await CallAsync("GET " + OneEnvironment, 404, null, Nobody);
        await CallAsync("PATCH " + OneEnvironment, 200, new { description = "described" }, made);
        await CallAsync("PATCH " + OneEnvironment, 422, new { useCases = new[] { "art" } }, made);
        await CallAsync("GET " + OneEnvironment + "accessControl/", 200, null, made, "?offset=0&limit=10");
        await CallAsync("GET " + OneEnvironment + "accessControl/", 400, null, made, "?username=a&userId=b");
        await CallAsync("PATCH " + OneEnvironment + "accessControl/", 204, new { data = new[] { new { username = await hub.UserAsync(), role = "CONSUMER" } } }, made);
        await CallAsync("PATCH " + OneEnvironment + "accessControl/", 422, new { data = new[] { new { username = "nobody at all", role = "CONSUMER" } } }, made);
        var form = new MultipartFormDataContent { { new ByteArrayContent(Upload.DockerContext()), "dockerContext", "context.tar.gz" }, { new StringContent("first"), "label" } };
        var version = (await CallAsync($"POST {OneEnvironment}versions/", 202, form, made)).GetProperty("id").GetString()!;
        Assert.Equal(version, (await CallAsync("GET " + OneEnvironment, 200, null, made)).GetProperty("latestVersion").GetProperty("id").GetString());
        await CallAsync($"POST {OneEnvironment}versions/", 422, new MultipartFormDataContent { { new StringContent("nothing to build"), "label" } }, made);
        await CallAsync($"GET {OneEnvironment}versions/", 200, null, made, "?offset=0&limit=10");
        await CallAsync($"GET {OneEnvironment}versions/", 422, null, made, "?buildStatus=half");
        const string One = OneEnvironment + "versions/{environmentVersionId}/";
        await CallAsync("GET " + One, 200, null, made, version);
        await CallAsync("GET " + One, 404, null, made, Nobody);
        await CallAsync($"GET {One}buildLog/", 200, null, made, version);
        await CallAsync($"GET {One}buildLog/", 404, null, made, Nobody);
        await CallAsync($"GET {One}download/", 200, null, made, version);
        await CallAsync($"GET {One}download/", 422, null, made, version, "?imageFile=maybe");
        await CallAsync("DELETE " + OneEnvironment, 404, null, Nobody);
        await CallAsync("POST /api/v2/executionEnvironmentsPermadelete/", 409, new { executionEnvironmentIds = new[] { made } });
        await CallAsync("DELETE " + OneEnvironment, 204, null, made);
        await CallAsync("POST /api/v2/executionEnvironmentsPermadelete/", 204, new { executionEnvironmentIds = new[] { made } });
        return BuiltIn;
    }

    private async Task<(string Model, string Version, string Item)> ModelsAsync(string environment)
    {
        await CallAsync("GET /api/v2/customModelLimits/", 200);
        using (var stranger = hub.ClientOf("no key at all"))
            await _contract.By(stranger).CallAsync("GET /api/v2/customModelLimits/", 401);
        var wanted = new { name = "walk", customModelType = "inference", targetType = "Regression", targetName = "y" };
        var model = (await CallAsync("POST " + AllModels, 201, wanted)).GetProperty("id").GetString()!;
        await CallAsync("POST " + AllModels, 422, new { name = "walk", customModelType = "inference", targetType = "Poetry" });
        await CallAsync("GET " + AllModels, 200, null, "?offset=0&limit=10&orderBy=-updated");
        await CallAsync("GET " + AllModels, 422, null, "?orderBy=beauty");
        await CallAsync("GET " + OneModel, 200, null, model);
        await CallAsync("GET " + OneModel, 404, null, Nobody);
        await CallAsync("PATCH " + OneModel, 200, new { description = "described", replicas = 1 }, model);
        await CallAsync("PATCH " + OneModel, 422, new { replicas = 99 }, model);
        await CallAsync($"GET {OneModel}accessControl/", 200, null, model, "?offset=0&limit=10");
        await CallAsync($"GET {OneModel}accessControl/", 400, null, model, "?username=a&userId=b");
        await CallAsync($"PATCH {OneModel}accessControl/", 204, new { data = new[] { new { username = await hub.UserAsync(), role = "READ_ONLY" } } }, model);
        await CallAsync($"PATCH {OneModel}accessControl/", 422, new { data = Array.Empty<object>() }, model);
        var template = new { templateId = await hub.FirstAsync("customTemplates"), resourceBundleId = await hub.FirstAsync("mlops/compute/bundles"), secretConfigId = await hub.FirstAsync("secretConfigs") };
        await CallAsync($"POST {AllModels}fromModelTemplate/", 201, template);
        await CallAsync($"POST {AllModels}fromModelTemplate/", 422, new { templateId = "x" });
        var made = await CallAsync("POST " + Versions, 201, Upload.Version(environment, ("custom.py", Upload.Hooks)), model);
        await CallAsync("POST " + Versions, 422, Upload.Version(environment, ("../custom.py", Upload.Hooks)), model);
        await CallAsync($"POST {AllModels}fromCustomModel/", 201, new { customModelId = model });
        await CallAsync($"POST {AllModels}fromCustomModel/", 404, new { customModelId = Nobody });
        await CallAsync($"GET {OneModel}download/", 200, null, model);
        await CallAsync($"GET {OneModel}download/", 404, null, Nobody);
        return (model, made.GetProperty("id").GetString()!, made.GetProperty("items")[0].GetProperty("id").GetString()!);
    }

    private async Task VersionsAsync(string model, string version, string dataset, string environment)
    {
        await CallAsync("GET " + Versions, 200, null, model, "?offset=0&limit=10");
        await CallAsync("GET " + Versions, 422, null, model, "?offset=-1");
        await CallAsync("GET " + OneVersion, 200, null, model, version);
        await CallAsync("GET " + OneVersion, 404, null, model, Nobody);
        await CallAsync("PATCH " + OneVersion, 200, new { description = "described" }, model, version);
        await CallAsync("PATCH " + OneVersion, 422, new { description = new string('x', 10_001) }, model, version);
        await CallAsync($"GET {OneVersion}download/", 200, null, model, version);
        await CallAsync($"GET {OneVersion}download/", 404, null, model, Nobody);
        var other = (await CallAsync("POST " + AllModels, 201, new
        {
            name = "walk", customModelType = "inference", targetType = "Regression", targetName = "y", isTrainingDataForVersionsPermanentlyEnabled = true,
        })).GetProperty("id").GetString()!;
        await CallAsync("PATCH " + Versions, 201, Upload.Version(environment, ("custom.py", Upload.Hooks)), other);
        await CallAsync("PATCH " + Versions, 422, Upload.Version("no id", ("custom.py", Upload.Hooks)), other);
        await CallAsync($"PATCH {Versions}withTrainingData/", 202, new { trainingData = new { datasetId = dataset } }, other);
        await CallAsync($"PATCH {Versions}withTrainingData/", 422, new { }, other);
        await CallAsync($"PATCH {OneModel}trainingData/", 202, new { datasetId = dataset }, model);
        await CallAsync($"PATCH {OneModel}trainingData/", 410, new { datasetId = Nobody }, model);
        await CallAsync("DELETE " + OneModel, 204, null, other);
    }

    private async Task RepositoryAsync(string model, string environment)
    {
        await using var source = await GitRepository.ServeAsync(("custom.py", Upload.Hooks));
        var registered = await hub.Client.PostAsJsonAsync("/api/v2/remoteRepositories/", new { name = "walk " + Guid.NewGuid(), location = source.Url, sourceType = "git" });
        var id = (await registered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
        foreach (var method in new[] { "POST", "PATCH" })
        {
            await CallAsync($"{method} {Versions}fromRepository/", 202, new { repositoryId = id, @ref = "main", baseEnvironmentId = environment, isMajorUpdate = false, sourcePath = "custom.py" }, model);
            await CallAsync($"{method} {Versions}fromRepository/", 422, new { repositoryId = id, @ref = "--upload-pack=evil", baseEnvironmentId = environment, isMajorUpdate = false }, model);
        }
    }

    private async Task<string> TestsAsync(string model, string version, string dataset)
    {
        await CallAsync("POST " + AllTests, 202, new { customModelId = model, customModelVersionId = version, datasetId = dataset });
        await CallAsync("POST " + AllTests, 422, new { customModelId = model, customModelVersionId = version });
        var test = (await CallAsync("GET " + AllTests, 200, null, $"?customModelId={model}&offset=0&limit=10")).GetProperty("data")[0].GetProperty("id").GetString()!;
        await CallAsync("GET " + AllTests, 422, null, "?offset=0&limit=10");
        var ended = await HubSteps.UntilAsync(() => CallAsync("GET " + OneTest, 200, null, test), t => t.GetProperty("overallStatus").GetString() is not ("queued" or "in_progress"));
        Assert.Equal("succeeded", ended.GetProperty("overallStatus").GetString());
        await CallAsync("GET " + OneTest, 404, null, Nobody);
        await CallAsync($"GET {OneTest}log/", 200, null, test);
        await CallAsync($"GET {OneTest}log/", 404, null, Nobody);
        await CallAsync($"GET {OneTest}tail/", 200, null, test, "?lines=5");
        await CallAsync($"GET {OneTest}tail/", 400, null, test, "?lines=1001");
        await CallAsync("DELETE " + OneTest, 409, null, test);
        await CallAsync("POST " + AllTests, 202, new { customModelId = model, customModelVersionId = version, datasetId = dataset });
        var again = (await CallAsync("GET " + AllTests, 200, null, $"?customModelId={model}")).GetProperty("data")[0].GetProperty("id").GetString()!;
        await CallAsync("DELETE " + OneTest, 204, null, again);
        foreach (var (query, total, listed) in new[] { ("limit=1", 2, 1), ("replicas=8", 0, 0) })
        {
            var page = await hub.Client.GetFromJsonAsync<JsonElement>($"{AllTests}?customModelId={model}&{query}");
            Assert.Equal((total, listed), (page.GetProperty("totalCount").GetInt32(), page.GetProperty("data").GetArrayLength()));
        }
        return ended.GetProperty("customModelImageId").GetString()!;
    }

    private async Task InsightsAsync(string model, string version, string image, string dataset)
    {
        await CallAsync($"GET {OneVersion}featureImpact/", 404, null, model, version);
        await CallAsync($"POST {OneVersion}featureImpact/", 422, new { rowCount = 9 }, model, version);
        await CallAsync($"POST {OneVersion}featureImpact/", 202, new { rowCount = 10 }, model, version);
        await hub.EndAsync("custom_model_version.feature_impact");
        var impact = await CallAsync($"GET {OneVersion}featureImpact/", 200, null, model, version);
        Assert.Equal("a", impact.GetProperty("featureImpacts")[0].GetProperty("featureName").GetString());
        await CallAsync("POST " + Image, 202, new { }, image);
        await CallAsync("POST " + Image, 404, new { }, Nobody);
        await hub.EndAsync("custom_model_version.feature_impact");
        await CallAsync("GET " + Image, 200, null, image);
        await CallAsync("GET " + Image, 404, null, Nobody);
        await CallAsync($"POST {OneVersion}predictionExplanationsInitialization/", 202, null, model, version);
        await CallAsync($"POST {OneVersion}predictionExplanationsInitialization/", 404, null, model, Nobody);
        await CallAsync($"POST {AllModels}predictionExplanationsInitialization/", 202, new { customModelId = model, customModelVersionId = version });
        await CallAsync($"POST {AllModels}predictionExplanationsInitialization/", 422, new { customModelId = dataset });
    }

    private async Task WorkAsync(string model, string version, string item, string environment)
    {
        const string One = OneVersion + "conversions/{conversionId}/";
        await CallAsync($"POST {OneVersion}conversions/", 422, new { mainProgramItemId = Nobody }, model, version);
        var begun = await CallAsync($"POST {OneVersion}conversions/", 202, new { mainProgramItemId = item }, model, version);
        var conversion = begun.GetProperty("conversionId").GetString()!;
        var done = await HubSteps.UntilAsync(() => CallAsync("GET " + One, 200, null, model, version, conversion), c => !c.GetProperty("conversionInProgress").GetBoolean());
        Assert.True(done.GetProperty("conversionSucceeded").GetBoolean(), done.ToString());
        using var followed = await hub.Client.GetAsync($"/api/v2/status/{begun.GetProperty("statusId").GetString()}/"); // 303
        Assert.EndsWith($"/conversions/{conversion}/", followed.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
        await CallAsync("GET " + One, 404, null, model, version, Nobody);
        await CallAsync($"GET {OneVersion}conversions/", 200, null, model, version, "?offset=0&limit=10&isLatest=True");
        await CallAsync($"GET {OneVersion}conversions/", 422, null, model, version, "?isLatest=perhaps");
        await CallAsync("DELETE " + One, 422, null, model, version, conversion);
        var sleeper = await CallAsync("POST " + Versions, 201, Upload.Version(environment, ("sleep.sh", "sleep 600\n"), ("requirements.txt", "pip\n")), model);
        var (slow, script) = (sleeper.GetProperty("id").GetString()!, sleeper.GetProperty("items")[0].GetProperty("id").GetString()!);
        var started = (await CallAsync($"POST {OneVersion}conversions/", 202, new { mainProgramItemId = script }, model, slow)).GetProperty("conversionId").GetString()!;
        await CallAsync("DELETE " + One, 204, null, model, slow, started);
        const string Build = OneVersion + "dependencyBuild/";
        await CallAsync("POST " + Build, 422, null, model, version);
        await CallAsync("GET " + Build, 404, null, model, slow);
        await CallAsync($"GET {OneVersion}dependencyBuildLog/", 422, null, model, slow);
        await CallAsync("POST " + Build, 202, null, model, slow);
        await CallAsync("DELETE " + Build, 204, null, model, slow);
        await CallAsync("POST " + Build, 202, null, model, slow);
        var built = await HubSteps.UntilAsync(() => CallAsync("GET " + Build, 200, null, model, slow), b => b.GetProperty("buildStatus").GetString() is "success" or "failed");
        Assert.Equal("success", built.GetProperty("buildStatus").GetString());
        await CallAsync($"GET {OneVersion}dependencyBuildLog/", 200, null, model, slow);
        await CallAsync("DELETE " + Build, 409, null, model, slow);
    }

    private async Task DeletionsAsync(string model)
    {
        await CallAsync("DELETE " + OneModel, 404, null, Nobody);
        await hub.EndAsync(null);
        await CallAsync("DELETE " + OneModel, 204, null, model);
    }

    private Task<JsonElement> CallAsync(string operation, int status, object? body = null, params string[] ids) => _contract.CallAsync(operation, status, body, ids);
}

using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ModelHub.Api.Tests.Registry;
using static ModelHub.Api.Tests.CustomModels.ContractPaths;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Every refusal that the documents promise of custom models and environments, met for real.</summary>
[Collection("others models")]
public sealed class RefusalContractTests(RunningHub hub)
{
    private const string Slow = "import time\ndef score(data, model, **kw):\n    time.sleep(1)\n    return [0.0 for _ in data['a']]\n";

    private static readonly string[] Impossible =
    [
        // Whoever has a key may make custom models.
        $"POST {AllModels} 403", $"POST {AllModels}fromModelTemplate/ 403",
        // Bad parameters are 422 in all of this dialect, and a build's log takes none.
        $"GET {Versions} 400", $"GET {OneEnvironment}versions/{{environmentVersionId}}/buildLog/ 400",
        // Clients in the field know by a 404 that a build has not been started.
        $"GET {OneVersion}dependencyBuild/ 422",
    ];

    private readonly Contract _contract = new(hub.Client);
    private Contract _reader = null!;
    private string _readerName = "";

    [Fact]
    public async Task Every_documented_refusal_is_met()
    {
        using var reader = await hub.NewUserAsync();
        _reader = _contract.By(reader);
        _readerName = (await reader.GetFromJsonAsync<JsonElement>("/api/users")).GetProperty("items")[0].GetProperty("username").GetString()!;
        var dataset = await hub.DatasetAsync(20);
        var (model, version) = await SlowAsync(dataset);
        await ModelsAsync(model);
        await VersionsAsync(model, version, dataset);
        await TestsAsync(model, version, dataset);
        await WorkAsync(model, version);
        await DeployedAsync(model, version, dataset);
        await EnvironmentsAsync();
        Assert.Empty(_contract.NeverMet(Impossible));
    }

    private async Task<(string Model, string Version)> SlowAsync(string dataset)
    {
        var (model, version) = await hub.ModelAsync(new { name = "slow", customModelType = "inference", targetType = "Regression", targetName = "y" }, ("custom.py", Slow));
        await CallAsync($"PATCH {OneModel}trainingData/", 202, new { datasetId = dataset }, model);
        await CallAsync($"PATCH {OneModel}accessControl/", 204, Sharing(_readerName, "READ_ONLY"), model);
        return (model, version.GetProperty("id").GetString()!);
    }

    private async Task ModelsAsync(string model)
    {
        await CallAsync("POST " + AllModels, 422, new { name = "walk", customModelType = "inference", targetType = "Poetry" });
        await CallAsync($"POST {AllModels}fromModelTemplate/", 422, new { templateId = "x" });
        await CallAsync($"POST {AllModels}predictionExplanationsInitialization/", 422, new { customModelId = model });
        await _reader.CallAsync("PATCH " + OneModel, 403, new { description = "mine" }, model);
        await CallAsync("PATCH " + OneModel, 422, new { replicas = 99 }, model);
        await CallAsync("PATCH " + OneModel, 409, new { targetName = "b" }, model);
        await CallAsync($"GET {OneModel}accessControl/", 400, null, model, "?username=a&userId=b");
        await CallAsync($"PATCH {OneModel}accessControl/", 409, Sharing(await OwnerAsync(AllModels + model), null), model);
        await CallAsync($"PATCH {OneModel}accessControl/", 422, Sharing("nobody at all", "EDITOR"), model);
        await CallAsync($"PATCH {OneModel}trainingData/", 410, new { datasetId = Nobody }, model);
        var (other, version) = await hub.ModelAsync(
            new { name = "other", customModelType = "inference", targetType = "Regression", targetName = "not in the data" }, ("custom.py", Slow));
        await CallAsync($"PATCH {OneModel}trainingData/", 422, new { datasetId = await hub.DatasetAsync(10) }, other);
        var id = version.GetProperty("id").GetString()!;
        await CallAsync($"POST {OneVersion}featureImpact/", 422, null, other, id);
        await CallAsync($"POST {OneVersion}predictionExplanationsInitialization/", 422, null, other, id);
    }

    private async Task VersionsAsync(string model, string version, string dataset)
    {
        using var patient = hub.ClientOf(RunningHub.Key);
        patient.DefaultRequestHeaders.ExpectContinue = true; // and so the announced bytes are never sent
        foreach (var method in new[] { "POST ", "PATCH " })
        {
            await _reader.CallAsync(method + Versions, 403, Upload.Version(BuiltIn, ("custom.py", Slow)), model);
            await CallAsync(method + Versions, 404, Upload.Version(BuiltIn, ("custom.py", Slow)), Nobody);
            await CallAsync(method + Versions, 422, Upload.Version("no id", ("custom.py", Slow)), model);
            await _contract.By(patient).CallAsync(method + Versions, 413, new AnnouncedContent(), model);
            await CallAsync($"{method}{Versions}fromRepository/", 422, new { repositoryId = Nobody, baseEnvironmentId = BuiltIn, isMajorUpdate = false }, model);
        }
        await CallAsync("GET " + Versions, 422, null, model, "?offset=-1");
        await CallAsync("PATCH " + OneVersion, 404, new { description = "x" }, model, Nobody);
        await CallAsync("PATCH " + OneVersion, 422, new { description = new string('x', 10_001) }, model, version);
        const string WithData = $"PATCH {Versions}withTrainingData/";
        await CallAsync(WithData, 404, new { trainingData = new { datasetId = dataset } }, Nobody);
        await CallAsync(WithData, 422, new { trainingData = new { datasetId = dataset } }, model);
        var own = new { name = "own", customModelType = "inference", targetType = "Regression", targetName = "y", isTrainingDataForVersionsPermanentlyEnabled = true };
        await CallAsync(WithData, 410, new { trainingData = new { datasetId = Nobody } }, (await hub.ModelAsync(own, ("custom.py", Slow))).Model);
    }

    private async Task TestsAsync(string model, string version, string dataset)
    {
        var wanted = new { customModelId = model, customModelVersionId = version, datasetId = dataset };
        await _reader.CallAsync("POST " + AllTests, 403, wanted);
        await CallAsync("POST " + AllTests, 404, new { customModelId = Nobody, customModelVersionId = version, datasetId = dataset });
        await CallAsync("POST " + AllTests, 202, wanted);
        await CallAsync("POST " + AllTests, 422, wanted); // it is under test
        await CallAsync("DELETE " + OneModel, 409, null, model);
        await CallAsync("PATCH " + OneModel, 409, new { description = "x" }, model);
        var test = (await CallAsync("GET " + AllTests, 200, null, $"?customModelId={model}&offset=0&limit=1")).GetProperty("data")[0];
        var id = test.GetProperty("id").GetString()!;
        await CallAsync("DELETE " + OneTest, 404, null, Nobody);
        await CallAsync($"GET {OneTest}log/", 404, null, Nobody);
        await CallAsync($"GET {OneTest}tail/", 404, null, Nobody);
        await CallAsync($"GET {OneTest}tail/", 400, null, id, "?lines=0");
        await CallAsync("DELETE " + OneTest, 204, null, id);
        await CallAsync("DELETE " + OneTest, 409, null, id);
        await ImpactAsync(model, version, test.GetProperty("customModelImageId").GetString()!);
    }

    private async Task ImpactAsync(string model, string version, string image)
    {
        const string Impact = OneVersion + "featureImpact/";
        await CallAsync("GET " + Impact, 404, null, model, version);
        await CallAsync("GET " + Image, 404, null, image);
        var job = (await CallAsync("POST " + Impact, 202, null, model, version)).GetProperty("statusId").GetString();
        await CallAsync("GET " + Impact, 422, null, model, version);
        await CallAsync("GET " + Image, 422, null, image);
        var twice = await CallAsync("POST " + Impact, 404, null, model, version);
        Assert.Equal((job, "JobAlreadyAdded"), (twice.GetProperty("jobId").GetString(), twice.GetProperty("errorName").GetString()));
        await CallAsync("POST " + Image, 404, null, image);
        await CallAsync("POST " + Image, 422, new { rowCount = 9 }, image);
        (await hub.Client.PostAsync($"/api/jobs/{job}/cancel", null)).EnsureSuccessStatusCode();
    }

    private async Task WorkAsync(string model, string version)
    {
        await CallAsync($"POST {OneVersion}conversions/", 422, new { mainProgramItemId = Nobody }, model, version);
        var form = Upload.Version(BuiltIn, ("fail.sh", "exit 1\n"), ("requirements.txt", "surely-not-there\n"));
        var made = await HubSteps.Sent(hub.Client.PostAsync($"{AllModels}{model}/versions/", form));
        var (other, item) = (made.GetProperty("id").GetString()!, made.GetProperty("items")[0].GetProperty("id").GetString()!);
        var conversion = (await CallAsync($"POST {OneVersion}conversions/", 202, new { mainProgramItemId = item }, model, other)).GetProperty("conversionId").GetString()!;
        const string One = OneVersion + "conversions/{conversionId}/";
        await HubSteps.UntilAsync(() => CallAsync("GET " + One, 200, null, model, other, conversion), c => !c.GetProperty("conversionInProgress").GetBoolean());
        await CallAsync("DELETE " + One, 422, null, model, other, conversion);
        const string Build = OneVersion + "dependencyBuild/";
        const string Log = OneVersion + "dependencyBuildLog/";
        await CallAsync("POST " + Build, 422, null, model, version);
        await CallAsync("DELETE " + Build, 422, null, model, other);
        await CallAsync("GET " + Log, 422, null, model, other);
        await CallAsync("POST " + Build, 202, null, model, other);
        await CallAsync("GET " + Log, 404, null, model, other);
        await HubSteps.UntilAsync(() => CallAsync("GET " + Build, 200, null, model, other), b => b.GetProperty("buildStatus").GetString() == "failed");
        await CallAsync("DELETE " + Build, 409, null, model, other);
    }

    private async Task DeployedAsync(string model, string version, string dataset)
    {
        var deployed = await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = version, label = "slow " + Guid.NewGuid() }));
        await CallAsync($"PATCH {OneModel}trainingData/", 409, new { datasetId = dataset }, model);
        var refused = await CallAsync("DELETE " + OneModel, 409, null, model);
        Assert.Contains(deployed.GetProperty("id").GetString()!, refused.GetProperty("deployments")[0].GetString(), StringComparison.Ordinal);
        (await hub.Client.DeleteAsync($"/api/v2/deployments/{deployed.GetProperty("id").GetString()}/")).EnsureSuccessStatusCode();
    }

    private async Task EnvironmentsAsync()
    {
        var id = Guid.NewGuid().ToString("N")[..24];
        await CallAsync("POST " + Environments, 201, new { name = "refusals", environmentId = id, isPublic = true });
        await CallAsync("POST " + Environments, 409, new { name = "refusals", environmentId = id });
        await CallAsync("POST " + Environments, 422, new { name = "" });
        const string Access = OneEnvironment + "accessControl/";
        await CallAsync("GET " + Access, 400, null, id, "?username=a&userId=b");
        await _reader.CallAsync("GET " + Access, 403, null, id);
        await CallAsync("GET " + Access, 404, null, Nobody);
        await _reader.CallAsync("PATCH " + Access, 403, Sharing(_readerName, "OWNER"), id);
        await CallAsync("PATCH " + Access, 404, Sharing(_readerName, "CONSUMER"), Nobody);
        await CallAsync("PATCH " + Access, 409, Sharing(await OwnerAsync(Environments + id), null), id);
        await CallAsync("PATCH " + Access, 422, Sharing("nobody at all", "CONSUMER"), id);
        await CallAsync("PATCH " + Access, 204, Sharing(_readerName, "CONSUMER"), id);
        MultipartFormDataContent Context() => new()
        {
            { new ByteArrayContent(Upload.DockerContext()), "dockerContext", "context.tar.gz" }, { new StringContent(id), "environmentVersionId" },
        };
        await CallAsync($"POST {OneEnvironment}versions/", 202, Context(), id);
        await CallAsync($"POST {OneEnvironment}versions/", 409, Context(), id);
        await CallAsync($"GET {OneEnvironment}versions/{{environmentVersionId}}/buildLog/", 404, null, id, Nobody);
        await InUseAsync(id);
        const string Purge = "POST /api/v2/executionEnvironmentsPermadelete/";
        await _reader.CallAsync(Purge, 403, new { executionEnvironmentIds = new[] { id } });
        await CallAsync(Purge, 404, new { executionEnvironmentIds = new[] { id, Nobody } });
        await CallAsync(Purge, 409, new { executionEnvironmentIds = new[] { id } });
    }

    /// <summary>A model file, which the hub reads itself, so that it is deployed whatever became of its environment.</summary>
    private async Task InUseAsync(string environment)
    {
        var wanted = new { name = "leaves", customModelType = "inference", targetType = "Regression", targetName = "y" };
        var model = (await HubSteps.Sent(hub.Client.PostAsJsonAsync(AllModels, wanted))).GetProperty("id").GetString()!;
        var version = await HubSteps.Sent(hub.Client.PostAsync($"{AllModels}{model}/versions/", Upload.Version(environment, ("model.txt", ArtifactSafetyTests.Leaves(7)))));
        var deployed = await HubSteps.Sent(hub.Client.PostAsJsonAsync(
            "/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = version.GetProperty("id").GetString(), label = "leaves " + Guid.NewGuid() }));
        await CallAsync("DELETE " + OneEnvironment, 409, null, environment);
        (await hub.Client.DeleteAsync($"/api/v2/deployments/{deployed.GetProperty("id").GetString()}/")).EnsureSuccessStatusCode();
    }

    private async Task<string> OwnerAsync(string place) => (await hub.Client.GetFromJsonAsync<JsonElement>(place + "/accessControl/")).GetProperty("data").EnumerateArray()
        .Single(g => g.GetProperty("role").GetString() == "OWNER").GetProperty("username").GetString()!;

    private static object Sharing(string username, string? role) => new { data = new[] { new { username, role, canShare = false } } };

    private Task<JsonElement> CallAsync(string operation, int status, object? body = null, params string[] ids) => _contract.CallAsync(operation, status, body, ids);

    /// <summary>Three gigabytes that are announced and never come.</summary>
    private sealed class AnnouncedContent : HttpContent
    {
        public AnnouncedContent() => Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            throw new InvalidOperationException("Nobody asked for it.");

        protected override bool TryComputeLength(out long length)
        {
            length = 3_000_000_000;
            return true;
        }
    }
}

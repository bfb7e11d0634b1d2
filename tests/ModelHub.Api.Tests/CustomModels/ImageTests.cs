using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Infrastructure.Containers;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>The whole way of an environment that is an image, with a real engine: skipped, and counted as that, where there is none.</summary>
[Collection("others models")]
public sealed class ImageTests(RunningHub hub)
{
    private static readonly string Base = Environment.GetEnvironmentVariable("MODELHUB_TEST_IMAGE") ?? "";
    private static readonly object Wanted = new { name = "in an image", customModelType = "inference", targetType = "Regression", targetName = "y" };

    public sealed class ImageFactAttribute : FactAttribute
    {
        public ImageFactAttribute() => Skip = Base.Length > 0 ? null : "MODELHUB_TEST_IMAGE names no base image: .ci/base-image makes one where Podman is installed.";
    }

    [ImageFact]
    public async Task A_model_is_tested_deployed_and_scored_in_an_image_that_was_built_here()
    {
        var (environment, built) = await BuiltAsync("COPY hello.txt /opt/environment/hello.txt");
        Assert.Equal("success", built.GetProperty("buildStatus").GetString());
        var version = $"/api/v2/executionEnvironments/{environment}/versions/{built.GetProperty("id").GetString()}/";
        Assert.Contains("COPY hello.txt", (await hub.Client.GetFromJsonAsync<JsonElement>(version + "buildLog/")).GetProperty("log").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(await hub.Client.GetByteArrayAsync(version + "download/?imageFile=true"));
        var model = (await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModels/", Wanted))).GetProperty("id").GetString()!;
        var code = "def load_model(folder):\n    return len(open('/opt/environment/hello.txt').read())\n" + Upload.Hooks.Replace("return [3.0", "return [model - 6 + 3.0", StringComparison.Ordinal);
        var id = (await HubSteps.Sent(hub.Client.PostAsync($"/api/v2/customModels/{model}/versions/", Upload.Version(environment, ("custom.py", code))))).GetProperty("id").GetString()!;
        await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModelTests/", new { customModelId = model, customModelVersionId = id, datasetId = await hub.DatasetAsync(30) }));
        var tested = await HubSteps.UntilAsync(
            async () => (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/v2/customModelTests/?customModelId={model}")).GetProperty("data")[0],
            t => t.GetProperty("overallStatus").GetString() is not ("queued" or "in_progress"));
        Assert.True(tested.GetProperty("overallStatus").GetString() == "succeeded", tested.ToString());
        var deployed = await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = id, label = "image" }));
        var deployment = deployed.GetProperty("id").GetString();
        var rows = new StringContent("a,b\n1,2\n", Encoding.UTF8) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } };
        var scored = await HubSteps.Sent(hub.Client.PostAsync($"/predApi/v1.0/deployments/{deployment}/predictions", rows));
        Assert.Equal(4.0, scored.GetProperty("data")[0].GetProperty("prediction").GetDouble());
        var refused = await hub.Client.DeleteAsync($"/api/v2/executionEnvironments/{environment}/");
        Assert.Equal(System.Net.HttpStatusCode.Conflict, refused.StatusCode);
        (await hub.Client.DeleteAsync($"/api/v2/deployments/{deployment}/")).EnsureSuccessStatusCode();
    }

    [ImageFact]
    public async Task A_base_image_from_elsewhere_is_refused_and_the_log_says_so()
    {
        var (environment, built) = await BuiltAsync("COPY --from=169.254.169.254/latest /x /x");
        Assert.Equal("failed", built.GetProperty("buildStatus").GetString());
        var log = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/v2/executionEnvironments/{environment}/versions/{built.GetProperty("id").GetString()}/buildLog/");
        Assert.Contains("169.254.169.254", log.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [ImageFact]
    public async Task The_image_of_an_environment_that_was_deleted_leaves_the_engine()
    {
        var engine = hub.Services.GetRequiredService<ContainerEngine>();
        var sweep = hub.Services.GetRequiredService<ImageSweep>();
        var before = await engine.OwnAsync(CancellationToken.None);
        var (environment, _) = await BuiltAsync($"LABEL only={Guid.NewGuid():N}");
        var made = Assert.Single((await engine.OwnAsync(CancellationToken.None)).Keys.Except(before.Keys));
        await sweep.SweepAsync(CancellationToken.None);
        await sweep.SweepAsync(CancellationToken.None);
        Assert.Contains(made, (IDictionary<string, string>)await engine.OwnAsync(CancellationToken.None));
        (await hub.Client.DeleteAsync($"/api/v2/executionEnvironments/{environment}/")).EnsureSuccessStatusCode();
        await sweep.SweepAsync(CancellationToken.None);
        Assert.Contains(made, (IDictionary<string, string>)await engine.OwnAsync(CancellationToken.None));
        await sweep.SweepAsync(CancellationToken.None);
        Assert.DoesNotContain(made, (IDictionary<string, string>)await engine.OwnAsync(CancellationToken.None));
    }

    private async Task<(string Environment, JsonElement Version)> BuiltAsync(string line)
    {
        var environment = (await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/executionEnvironments/", new { name = "image" }))).GetProperty("id").GetString()!;
        var versions = $"/api/v2/executionEnvironments/{environment}/versions/";
        var form = new MultipartFormDataContent { { new ByteArrayContent(Upload.DockerContext(dockerfile: $"FROM {Base}\n{line}\n")), "dockerContext", "context.tar.gz" } };
        var id = (await HubSteps.Sent(hub.Client.PostAsync(versions, form))).GetProperty("id").GetString();
        return (environment, await HubSteps.UntilAsync(
            () => hub.Client.GetFromJsonAsync<JsonElement>($"{versions}{id}/"), v => v.GetProperty("buildStatus").GetString() is "success" or "failed"));
    }
}

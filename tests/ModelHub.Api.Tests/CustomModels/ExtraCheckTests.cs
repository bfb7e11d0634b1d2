using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Checks of a test that are made only when they are asked for.</summary>
[Collection("others models")]
public sealed class ExtraCheckTests(RunningHub hub)
{
    [Fact]
    public async Task They_are_made_with_their_settings_and_tell_what_they_found()
    {
        var dataset = await hub.DatasetAsync(30);
        var results = await TestAsync(dataset, new
        {
            predictionVerificationCheck = new { outputDatasetId = dataset, predictionsColumn = "y" },
            performanceCheck = new { numberOfParallelUsers = 2, checkDurationLimit = 1 },
            stabilityCheck = new { totalIterations = 10, maximumPayloadSize = 20, numberOfParallelUsers = 2 },
        });
        Assert.Equal("succeeded", results.GetProperty("overallStatus").GetString());
        var checks = results.GetProperty("testingStatus");
        Assert.Equal("30 of 30 rows match.", checks.GetProperty("predictionVerificationCheck").GetProperty("message").GetString());
        Assert.Contains("median", checks.GetProperty("performanceCheck").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("10 of 10 batches were answered.", checks.GetProperty("stabilityCheck").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Predictions_that_do_not_match_fail_the_test_and_what_comes_after_is_aborted()
    {
        var dataset = await hub.DatasetAsync(30);
        var results = await TestAsync(dataset, new { predictionVerificationCheck = new { outputDatasetId = dataset, predictionsColumn = "a" }, stabilityCheck = "fail" });
        Assert.Equal("failed", results.GetProperty("overallStatus").GetString());
        var checks = results.GetProperty("testingStatus");
        Assert.Contains("100 % have to. Row", checks.GetProperty("predictionVerificationCheck").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("aborted", checks.GetProperty("stabilityCheck").GetProperty("status").GetString());
        Assert.False(checks.TryGetProperty("performanceCheck", out _));
    }

    [Theory]
    [InlineData("{\"performanceCheck\":{\"numberOfParallelUsers\":1000}}")]
    [InlineData("{\"performanceCheck\":\"quickly\"}")]
    [InlineData("{\"stabilityCheck\":{\"minimumPayloadSize\":5,\"maximumPayloadSize\":2}}")]
    [InlineData("{\"predictionVerificationCheck\":{\"predictionsColumn\":\"y\"}}")]
    [InlineData("{\"predictionVerificationCheck\":{\"predictionsColumn\":\"y\",\"outputDatasetId\":\"0123456789abcdef01234567\"}}")]
    public async Task Settings_out_of_their_bounds_are_refused(string configuration)
    {
        var (model, version) = await ModelAsync();
        using var answer = await StartAsync(model, version, await hub.DatasetAsync(10), JsonDocument.Parse(configuration).RootElement);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains("Check", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private Task<(string Model, JsonElement Version)> ModelAsync() => hub.ModelAsync(
        new { name = "checked", customModelType = "inference", targetType = "Regression", targetName = "y" }, ("custom.py", Upload.Hooks));

    private Task<HttpResponseMessage> StartAsync(string model, JsonElement version, string dataset, object configuration) => hub.Client.PostAsJsonAsync(
        "/api/v2/customModelTests/", new { customModelId = model, customModelVersionId = version.GetProperty("id").GetString(), datasetId = dataset, configuration });

    private async Task<JsonElement> TestAsync(string dataset, object configuration)
    {
        var (model, version) = await ModelAsync();
        await HubSteps.Sent(StartAsync(model, version, dataset, configuration));
        var ended = await HubSteps.UntilAsync(
            () => hub.Client.GetFromJsonAsync<JsonElement>($"/api/v2/customModelTests/?customModelId={model}"),
            l => l.GetProperty("data")[0].GetProperty("overallStatus").GetString() is not ("queued" or "in_progress"));
        return ended.GetProperty("data")[0];
    }
}

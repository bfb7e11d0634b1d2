using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>What versions and images do with their training data: feature impact, and the preparation of prediction explanations.</summary>
[StreamedBody]
[Route("api/v2")]
public sealed class InsightsController(InsightService insights) : VendorController
{
    private const string OfVersion = "customModels/{customModelId}/versions/{customModelVersionId}/";
    private const string OfImage = "customInferenceImages/{imageId}/";

    /// <summary>Starts computing it. Body: rowCount, 10 to 100,000, optional.</summary>
    [HttpPost(OfVersion + "featureImpact")]
    public Task<IActionResult> RequestImpact(string customModelId, string customModelVersionId, CancellationToken cancellation) =>
        RequestAsync(Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation);

    /// <summary>Feature impact of a version.</summary>
    [HttpGet(OfVersion + "featureImpact")]
    public async Task<IActionResult> Impact(string customModelId, string customModelVersionId, CancellationToken cancellation) => Answer(InsightMapping.ToWire(
        await insights.ImpactAsync(HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation)));

    /// <summary>The same for an image: a version that was tested in its environment.</summary>
    [HttpPost(OfImage + "featureImpact")]
    public async Task<IActionResult> RequestOfImage(string imageId, CancellationToken cancellation)
    {
        var (model, version) = await insights.OfImageAsync(HttpContext.Caller(), Id(imageId, "custom inference image"), cancellation);
        return await RequestAsync(model, version, cancellation);
    }

    /// <summary>Feature impact of an inference image.</summary>
    [HttpGet(OfImage + "featureImpact")]
    public async Task<IActionResult> ImpactOfImage(string imageId, CancellationToken cancellation)
    {
        var (model, version) = await insights.OfImageAsync(HttpContext.Caller(), Id(imageId, "custom inference image"), cancellation);
        return Answer(InsightMapping.ToWire(await insights.ImpactAsync(HttpContext.Caller(), model, version, cancellation)));
    }

    /// <summary>Prepares explanations of a version's predictions.</summary>
    [HttpPost(OfVersion + "predictionExplanationsInitialization")]
    public async Task<IActionResult> InitializeExplanations(string customModelId, string customModelVersionId, CancellationToken cancellation) =>
        Under(await insights.InitializeExplanationsAsync(
            HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation));

    /// <summary>The same, with both ids in the body.</summary>
    [HttpPost("customModels/predictionExplanationsInitialization")]
    public async Task<IActionResult> InitializeExplanationsOf(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var (model, version) = (fields.Id("customModelId", required: true), fields.Id("customModelVersionId", required: true));
        (_, _) = (fields.Id("environmentId"), fields.Id("environmentVersionId"));
        fields.Check();
        return Under(await insights.InitializeExplanationsAsync(HttpContext.Caller(), model ?? Guid.Empty, version ?? Guid.Empty, cancellation));
    }

    private async Task<IActionResult> RequestAsync(Guid modelId, Guid versionId, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var rows = (int?)fields.Whole("rowCount", 10, 100_000);
        fields.Check();
        var job = await insights.RequestImpactAsync(HttpContext.Caller(), modelId, versionId, rows, cancellation);
        return Under(job, new { statusId = HubId.ToHex(job.Id) });
    }
}

using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.Explanations;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Feature impact of models that were trained here.</summary>
[StreamedBody]
[Route("api/v2/projects/{projectId}/models/{modelId}")]
public sealed class ModelImpactController(ModelImpactService impacts) : VendorController
{
    /// <summary>Feature impact of a trained model, by shuffling its columns.</summary>
    [HttpGet("featureImpact")]
    public async Task<IActionResult> Impact(string projectId, string modelId, CancellationToken cancellation)
    {
        var found = await impacts.GetAsync(HttpContext.Caller(), Id(projectId, "project"), Id(modelId, "model"), byShap: false, cancellation);
        return Answer(new
        {
            count = found.Columns.Count, next = (string?)null, previous = (string?)null, rowCount = found.Rows, shapBased = false,
            ranRedundancyDetection = false,
            featureImpacts = found.Columns.Select(c => new
            {
                featureName = c.Feature, impactNormalized = c.Normalized, impactUnnormalized = c.Unnormalized, redundantWith = (string?)null,
                parentFeatureName = (string?)null,
            }),
        });
    }

    /// <summary>Computes the feature impact of a trained model.</summary>
    [HttpPost("featureImpact")]
    public async Task<IActionResult> RequestImpact(string projectId, string modelId, CancellationToken cancellation) =>
        Begun(await impacts.RequestAsync(HttpContext.Caller(), Id(projectId, "project"), Id(modelId, "model"), byShap: false, cancellation));

    /// <summary>Impact of a trained model's columns by mean absolute SHAP contributions.</summary>
    [HttpGet("shapImpact")]
    public async Task<IActionResult> ShapImpact(string projectId, string modelId, CancellationToken cancellation)
    {
        var found = await impacts.GetAsync(HttpContext.Caller(), Id(projectId, "project"), Id(modelId, "model"), byShap: true, cancellation);
        return Answer(new
        {
            count = found.Columns.Count, rowCount = found.Rows,
            shapImpacts = found.Columns.Select(c => new { featureName = c.Feature, impactNormalized = c.Normalized, impactUnnormalized = c.Unnormalized }),
        });
    }

    /// <summary>Computes the SHAP impact of a trained model.</summary>
    [HttpPost("shapImpact")]
    public async Task<IActionResult> RequestShapImpact(string projectId, string modelId, CancellationToken cancellation) =>
        Begun(await impacts.RequestAsync(HttpContext.Caller(), Id(projectId, "project"), Id(modelId, "model"), byShap: true, cancellation));

    private IActionResult Begun(Job job) => Under(job, new { statusId = HubId.ToHex(job.Id) });
}

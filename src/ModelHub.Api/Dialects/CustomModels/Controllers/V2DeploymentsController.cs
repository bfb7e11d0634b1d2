using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.CustomModels.Wire;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Deployments in this dialect's shape; the same ones as <c>/api/deployments</c>.</summary>
[ApiController]
[Route("api/v2")]
public sealed class V2DeploymentsController(DeploymentService deployments, ModelService models) : ControllerBase
{
    /// <summary>Deployments.</summary>
    [HttpGet("deployments")]
    public async Task<V2List<DeploymentV2>> List(int? limit, int? offset, string? search, CancellationToken cancellation) => V2Paging.Page(
        Request,
        await deployments.ListAsync(HttpContext.Caller(), new DeploymentFilter(Search: search), V2Paging.Of(limit, offset), cancellation),
        DeploymentV2.Of);

    /// <summary>A deployment.</summary>
    [HttpGet("deployments/{deploymentId}")]
    [HttpGet("modelDeployments/{deploymentId}")]
    public async Task<DeploymentV2> Get(string deploymentId, CancellationToken cancellation) =>
        DeploymentV2.Of(await deployments.GetAsync(HttpContext.Caller(), V2Paging.Id(deploymentId, "deployment"), cancellation));

    /// <summary>Deploys a version of a custom model, or a trained model.</summary>
    [HttpPost("deployments/fromCustomModelVersion")]
    [ProducesResponseType<IdV2>(201)]
    public async Task<IActionResult> FromVersion(FromVersionRequest request, CancellationToken cancellation)
    {
        var model = V2Paging.OptionalId(request.CustomModelVersionId, "customModelVersionId")
            ?? throw ModelHubException.Invalid("customModelVersionId", "'customModelVersionId' is needed.");
        var made = await deployments.CreateAsync(
            HttpContext.Caller(), new NewDeployment(request.Label ?? "deployment", model, DeploymentStage.Production, request.Description), cancellation);
        var answer = DeploymentV2.Of(made);
        return Created(V2Link.To(Request, $"/api/v2/deployments/{answer.Id}/"), new IdV2(answer.Id));
    }

    /// <summary>Changes what is named of a deployment.</summary>
    [HttpPatch("deployments/{deploymentId}")]
    public async Task<DeploymentV2> Change(string deploymentId, DeploymentPatchV2 patch, CancellationToken cancellation) => DeploymentV2.Of(
        await deployments.ChangeAsync(
            HttpContext.Caller(), V2Paging.Id(deploymentId, "deployment"),
            new DeploymentChange { Name = patch.Label, Description = patch.Description, PredictionThreshold = patch.PredictionThreshold }, cancellation));

    /// <summary>Puts another model behind the deployment.</summary>
    [HttpPatch("deployments/{deploymentId}/model")]
    public async Task<DeploymentV2> Replace(string deploymentId, ModelReplacementRequest request, CancellationToken cancellation) => DeploymentV2.Of(
        await deployments.ChangeAsync(
            HttpContext.Caller(), V2Paging.Id(deploymentId, "deployment"),
            new DeploymentChange
            {
                ModelId = V2Paging.OptionalId(request.ModelId, "modelId") ?? throw ModelHubException.Invalid("modelId", "'modelId' is needed."),
                Reason = request.Reason,
            },
            cancellation));

    /// <summary>Deletes a deployment; its model stays.</summary>
    [HttpDelete("deployments/{deploymentId}")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Delete(string deploymentId, CancellationToken cancellation)
    {
        await deployments.DeleteAsync(HttpContext.Caller(), V2Paging.Id(deploymentId, "deployment"), cancellation);
        return NoContent();
    }

    /// <summary>Where deployments of a trained model draw the line between its classes, unless they say themselves.</summary>
    [HttpPatch("projects/{projectId}/models/{modelId}")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> SetThreshold(string projectId, string modelId, ThresholdRequest request, CancellationToken cancellation)
    {
        await models.DrawLineAsync(
            HttpContext.Caller(), V2Paging.Id(projectId, "project"), V2Paging.Id(modelId, "model"), request.PredictionThreshold, cancellation);
        return NoContent();
    }
}

using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.Pipelines;

namespace ModelHub.Api.Dialects.Registry.Controllers;

/// <summary>Pipelines: one model, or a split among several, under a name. A deployed pipeline is a deployment of the hub as well.</summary>
[ApiController]
[Consumes("application/json")]
[Route("v1/api")]
public sealed class PipelinesController(PipelineService pipelines) : ControllerBase
{
    /// <summary>A pipeline with its first version; it may name no model yet.</summary>
    [HttpPost("pipelines/create")]
    public async Task<CreatePipelineAnswer> Create(CreatePipelineRequest request, CancellationToken cancellation)
    {
        var (pipeline, version) = await pipelines.CreateAsync(
            HttpContext.Caller(), request.PipelineId, request.WorkspaceId!.Value, PipelineMapping.ToDefinition(request.Definition),
                cancellation);
        return PipelineMapping.ToAnswer(pipeline, version);
    }

    /// <summary>Another version of a pipeline; what is deployed stays as it is.</summary>
    [HttpPost("pipelines/create_version")]
    public async Task<CreatePipelineAnswer> CreateVersion(CreatePipelineVersionRequest request, CancellationToken cancellation)
    {
        var number = request.PipelineId!.Value;
        var version = await pipelines.AddVersionAsync(HttpContext.Caller(), number, PipelineMapping.ToDefinition(request.Definition),
            cancellation);
        return new CreatePipelineAnswer { PipelinePkId = number, PipelineVariantPkId = version.Number,
            PipelineVariantVersion = version.Id.ToString() };
    }

    /// <summary>The pipelines of a workspace, or all that the caller sees; the newest first.</summary>
    [HttpPost("pipelines/list")]
    public async Task<ListPipelinesAnswer> List(ListPipelinesRequest request, CancellationToken cancellation) =>
        new() { Pipelines = [.. (await pipelines.ListAsync(HttpContext.Caller(), request.WorkspaceId, cancellation))
            .Select(PipelineMapping.ToWire)] };

    /// <summary>Deploys a version of a pipeline; it serves when this answers.</summary>
    [HttpPost("pipelines/deploy")]
    public async Task<DeployPipelineAnswer> Deploy(DeployPipelineRequest request, CancellationToken cancellation)
    {
        var pipeline = await pipelines.DeployAsync(
            HttpContext.Caller(), request.PipelineId!.Value, request.PipelineVersionPkId, PipelineMapping.ToDefinition(request),
                cancellation);
        return new DeployPipelineAnswer { Id = pipeline.DeploymentNumber!.Value };
    }

    /// <summary>Ends a pipeline's deployment; the pipeline stays.</summary>
    [HttpPost("pipelines/undeploy")]
    public async Task<UndeployPipelineAnswer> Undeploy(UndeployPipelineRequest request, CancellationToken cancellation)
    {
        await pipelines.UndeployAsync(HttpContext.Caller(), request.PipelineId!.Value, cancellation);
        return new UndeployPipelineAnswer();
    }

    /// <summary>How a deployed pipeline does, by its name and its deployment's number.</summary>
    [HttpPost("status/get_deployment")]
    public async Task<DeploymentStatusWire> Status(DeploymentStatusRequest request, CancellationToken cancellation) =>
        PipelineMapping.ToStatus(await pipelines.ByDeploymentAsync(HttpContext.Caller(), request.Name, cancellation));

    /// <summary>Where a pipeline's rows are sent to.</summary>
    [HttpPost("admin/get_pipeline_external_url")]
    public async Task<PipelineUrlAnswer> ExternalUrl(PipelineUrlRequest request, CancellationToken cancellation)
    {
        var pipeline = await pipelines.ByNameAsync(HttpContext.Caller(), request.WorkspaceId!.Value, request.PipelineName, cancellation);
        var place = $"{pipeline.Name}-{pipeline.DeploymentNumber ?? 0}/{pipeline.Name}";
        return new PipelineUrlAnswer { Url = $"{Request.Scheme}://{Request.Host}{Request.PathBase}/v1/api/pipelines/infer/{place}" };
    }
}

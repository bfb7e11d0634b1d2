using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Deployments;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Deployments: addresses that score, and the models behind them.</summary>
[ApiController]
[Route("api/deployments")]
[IfMatch]
public sealed class DeploymentsController(DeploymentService deployments, DeploymentHistory history, DeploymentGate gate, TimeProvider clock) : ControllerBase
{
    /// <summary>Deploys a model; it scores as soon as this answers.</summary>
    [HttpPost]
    [ProducesResponseType<DeploymentAnswer>(201)]
    public async Task<IActionResult> Create(DeploymentRequest request, CancellationToken cancellation)
    {
        var made = await deployments.CreateAsync(HttpContext.Caller(), DeploymentMapping.ToNew(request), cancellation);
        return Created($"/api/deployments/{made.Id}", Answer(made));
    }

    /// <summary>The same within a project.</summary>
    [HttpPost("/api/mlops/projects/{projectId}/deployments")]
    [ProducesResponseType<DeploymentAnswer>(201)]
    public async Task<IActionResult> CreateInProject(string projectId, DeploymentRequest request, CancellationToken cancellation)
    {
        var wanted = DeploymentMapping.ToNew(request, HubPaging.Id(projectId, "project"));
        var made = await deployments.CreateAsync(HttpContext.Caller(), wanted, cancellation);
        return Created($"/api/deployments/{made.Id}", Answer(made));
    }

    /// <summary>Deployments, the newest first.</summary>
    [HttpGet]
    public Task<ListAnswer<DeploymentWire>> List([FromQuery] DeploymentQuery query, CancellationToken cancellation) => ListAsync(query, cancellation);

    /// <summary>A project's deployments, the newest first.</summary>
    [HttpGet("/api/mlops/projects/{projectId}/deployments")]
    public Task<ListAnswer<DeploymentWire>> ListOfProject(string projectId, [FromQuery] DeploymentQuery query, CancellationToken cancellation) =>
        ListAsync(query with { ProjectId = projectId }, cancellation);

    /// <summary>A deployment; with <c>as_of</c>, what was serving at that time.</summary>
    [HttpGet("{deploymentId}")]
    [ProducesResponseType<DeploymentAnswer>(200)]
    public async Task<object> Get(string deploymentId, [FromQuery(Name = "as_of")] DateTimeOffset? asOf, CancellationToken cancellation)
    {
        var id = HubPaging.Id(deploymentId, "deployment");
        return asOf is { } moment
            ? DeploymentMapping.ToMoment(await history.AsOfAsync(HttpContext.Caller(), id, moment.ToUniversalTime(), cancellation), moment)
            : Answer(await deployments.GetAsync(HttpContext.Caller(), id, cancellation));
    }

    /// <summary>Changes what is named. A new model takes over atomically: requests that begin after the answer are its own.</summary>
    [HttpPatch("{deploymentId}")]
    public async Task<DeploymentAnswer> Change(string deploymentId, DeploymentPatch patch, CancellationToken cancellation) => Answer(
        await deployments.ChangeAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), DeploymentMapping.ToChange(patch), cancellation));

    /// <summary>Deletes a deployment; its model stays.</summary>
    [HttpDelete("{deploymentId}")]
    public async Task<OkAnswer> Delete(string deploymentId, CancellationToken cancellation)
    {
        await deployments.DeleteAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), cancellation);
        return new OkAnswer();
    }

    /// <summary>What was changed, when, by whom and why; the newest first.</summary>
    [HttpGet("{deploymentId}/history")]
    public async Task<ListAnswer<DeploymentEventWire>> History(string deploymentId, int? limit, int? offset, CancellationToken cancellation) =>
        ListAnswer<DeploymentEventWire>.Of(
            await history.ListAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), HubPaging.Of(limit, offset), cancellation),
            DeploymentMapping.ToWire);

    /// <summary>Puts back the model that the last replacement took away.</summary>
    [HttpPost("{deploymentId}/rollback")]
    public async Task<DeploymentAnswer> RollBack(string deploymentId, [FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] ReasonRequest? request, CancellationToken cancellation) => Answer(
        await deployments.RollBackAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), request?.Reason, cancellation));

    /// <summary>Scores nothing until it is resumed.</summary>
    [HttpPost("{deploymentId}/pause")]
    public async Task<DeploymentAnswer> Pause(string deploymentId, [FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] ReasonRequest? request, CancellationToken cancellation) => Answer(
        await deployments.SetStatusAsync(
            HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), DeploymentStatus.Paused, request?.Reason, cancellation));

    /// <summary>Scores again after a pause.</summary>
    [HttpPost("{deploymentId}/resume")]
    public async Task<DeploymentAnswer> Resume(string deploymentId, [FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] ReasonRequest? request, CancellationToken cancellation) => Answer(
        await deployments.SetStatusAsync(
            HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), DeploymentStatus.Active, request?.Reason, cancellation));

    /// <summary>An OpenAPI document of this deployment alone: its model's inputs, ranges and classes, for generated clients.</summary>
    [HttpGet("{deploymentId}/openapi.json")]
    public async Task<System.Text.Json.Nodes.JsonObject> Document(string deploymentId, CancellationToken cancellation) => DeploymentDocument.Of(
        await gate.FindAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), cancellation), $"{Request.Scheme}://{Request.Host}");

    /// <summary>Shares the requests among several models: variants (A/B), a canary, shadows. An empty plan gives all to the champion.</summary>
    [HttpPut("{deploymentId}/traffic")]
    public async Task<DeploymentAnswer> Share(string deploymentId, TrafficWire traffic, CancellationToken cancellation) => Answer(
        await deployments.ShareAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), DeploymentMapping.ToPlan(traffic), cancellation));

    private async Task<ListAnswer<DeploymentWire>> ListAsync(DeploymentQuery query, CancellationToken cancellation) => ListAnswer<DeploymentWire>.Of(
        await deployments.ListAsync(HttpContext.Caller(), query.ToFilter(), HubPaging.Of(query.Limit, query.Offset, query.Cursor), cancellation),
        d => DeploymentMapping.ToWire(d, clock.GetUtcNow()));

    private DeploymentAnswer Answer(Deployment deployment)
    {
        Response.Headers.ETag = $"\"{deployment.Revision}\"";
        return new DeploymentAnswer(DeploymentMapping.ToWire(deployment, clock.GetUtcNow()));
    }
}

/// <summary>
/// A change may name with <c>If-Match</c> the <c>ETag</c> that it is meant for: who was overtaken by another change gets 412, and
/// nothing is overwritten unseen.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class IfMatchAttribute : ActionFilterAttribute
{
    public override void OnActionExecuting(ActionExecutingContext context)
    {
        var named = context.HttpContext.Request.Headers.IfMatch.ToString();
        if (named is "" or "*")
            return;
        var isRevision = long.TryParse(named.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var revision);
        context.HttpContext.RequestServices.GetRequiredService<DeploymentService>().ExpectedRevision = isRevision ? revision : -1;
    }
}

/// <summary>Query of the list of deployments.</summary>
public sealed record DeploymentQuery
{
    [FromQuery(Name = "project_id")]
    public string? ProjectId { get; init; }

    [FromQuery(Name = "model_id")]
    public string? ModelId { get; init; }

    /// <summary>staging or production.</summary>
    [FromQuery(Name = "stage")]
    public string? Stage { get; init; }

    /// <summary>In the name.</summary>
    [FromQuery(Name = "search")]
    public string? Search { get; init; }

    [FromQuery(Name = "limit")]
    public int? Limit { get; init; }

    [FromQuery(Name = "offset")]
    public int? Offset { get; init; }

    /// <summary>The next_cursor of the page before.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }

    internal DeploymentFilter ToFilter() => new(
        HubPaging.QueryId(ProjectId, "project_id"), HubPaging.QueryId(ModelId, "model_id"), DeploymentMapping.StageOf(Stage), Search);
}

using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Studio;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Sessions of what-if on deployments.</summary>
[ApiController]
[Route("api/studio")]
public sealed class StudioController(StudioService studio) : ControllerBase
{
    /// <summary>What a deployment reads and says.</summary>
    [HttpGet("deployments/{deploymentId}/schema")]
    public async Task<DeploymentSchemaAnswer> Schema(string deploymentId, CancellationToken cancellation) =>
        new(StudioMapping.ToWire(await studio.SchemaAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), cancellation)));

    /// <summary>A row to try changes of.</summary>
    [HttpPost("sessions")]
    [ProducesResponseType<SessionAnswer>(201)]
    public async Task<IActionResult> Create(SessionRequest request, CancellationToken cancellation)
    {
        var made = await studio.CreateAsync(
            HttpContext.Caller(), HubPaging.Id(request.DeploymentId ?? "", "deployment"), request.Name, request.Base, cancellation);
        return Created($"/api/studio/sessions/{made.Session.Id}", new SessionAnswer(StudioMapping.ToWire(made.Session, made.Scenarios)));
    }

    /// <summary>Sessions, the newest first.</summary>
    [HttpGet("sessions")]
    public async Task<ListAnswer<SessionWire>> List(
        [FromQuery(Name = "project_id")] string? projectId, [FromQuery(Name = "deployment_id")] string? deploymentId, int? limit, int? offset,
        CancellationToken cancellation) => ListAnswer<SessionWire>.Of(
        await studio.ListAsync(
            HttpContext.Caller(), HubPaging.QueryId(projectId, "project_id"), HubPaging.QueryId(deploymentId, "deployment_id"), HubPaging.Of(limit, offset), cancellation),
        s => StudioMapping.ToWire(s));

    /// <summary>A session with its scenarios.</summary>
    [HttpGet("sessions/{sessionId}")]
    public async Task<SessionAnswer> Get(string sessionId, CancellationToken cancellation)
    {
        var found = await studio.GetAsync(HttpContext.Caller(), HubPaging.Id(sessionId, "session"), cancellation);
        return new SessionAnswer(StudioMapping.ToWire(found.Session, found.Scenarios));
    }

    /// <summary>Deletes a session with its scenarios.</summary>
    [HttpDelete("sessions/{sessionId}")]
    public async Task<OkAnswer> Delete(string sessionId, CancellationToken cancellation)
    {
        await studio.DeleteAsync(HttpContext.Caller(), HubPaging.Id(sessionId, "session"), cancellation);
        return new OkAnswer();
    }

    /// <summary>A change of the session's row: scored by the deployment's model as it is now, and kept.</summary>
    [HttpPost("sessions/{sessionId}/scenarios")]
    [ProducesResponseType<ScenarioAnswer>(201)]
    public async Task<IActionResult> Add(string sessionId, ScenarioRequest request, CancellationToken cancellation)
    {
        var made = await studio.AddAsync(HttpContext.Caller(), HubPaging.Id(sessionId, "session"), request.Name, request.Changes, cancellation);
        return Created($"/api/studio/sessions/{made.Scenario.SessionId}", new ScenarioAnswer(StudioMapping.ToWire(made)));
    }

    /// <summary>The scenarios of a session, the oldest first.</summary>
    [HttpGet("sessions/{sessionId}/scenarios")]
    public async Task<ListAnswer<KeptScenarioWire>> Scenarios(string sessionId, CancellationToken cancellation)
    {
        var items = (await Get(sessionId, cancellation)).Session.Scenarios!;
        return new ListAnswer<KeptScenarioWire> { Items = items, Total = items.Count, Limit = items.Count, Offset = 0 };
    }

    /// <summary>Deletes a scenario.</summary>
    [HttpDelete("sessions/{sessionId}/scenarios/{scenarioId}")]
    public async Task<OkAnswer> DeleteScenario(string sessionId, string scenarioId, CancellationToken cancellation)
    {
        await studio.DeleteScenarioAsync(HttpContext.Caller(), HubPaging.Id(sessionId, "session"), HubPaging.Id(scenarioId, "scenario"), cancellation);
        return new OkAnswer();
    }
}

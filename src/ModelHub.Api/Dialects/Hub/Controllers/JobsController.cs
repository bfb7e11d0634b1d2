using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Everything that takes time.</summary>
[ApiController]
[Route("api/jobs")]
public sealed class JobsController(JobService jobs) : ControllerBase
{
    [HttpGet]
    public async Task<ListAnswer<JobWire>> List(
        [FromQuery(Name = "project_id")] string? projectId, string? state, int? limit, int? offset, CancellationToken cancellation)
    {
        Guid? project = projectId is null ? null : HubPaging.Id(projectId, "project");
        JobStatus? status = state is null ? null
            : Enum.TryParse<JobStatus>(state, ignoreCase: true, out var known) && AccessMapping.StateOf(known) == state ? known
            : throw ModelHubException.Invalid("state", "'state' is queued, running, succeeded, failed or cancelled.");
        var page = await jobs.ListAsync(HttpContext.Caller(), project, status, HubPaging.Of(limit, offset), cancellation);
        return ListAnswer<JobWire>.Of(page, AccessMapping.ToWire);
    }

    [HttpGet("{jobId}")]
    public async Task<JobAnswer> Get(string jobId, CancellationToken cancellation) =>
        new(AccessMapping.ToWire(await jobs.GetAsync(HttpContext.Caller(), HubPaging.Id(jobId, "job"), cancellation)));

    [HttpGet("{jobId}/log")]
    public async Task<JobLogAnswer> Log(string jobId, CancellationToken cancellation) =>
        new((await jobs.GetAsync(HttpContext.Caller(), HubPaging.Id(jobId, "job"), cancellation)).Log);

    [HttpPost("{jobId}/cancel")]
    public async Task<JobAnswer> Cancel(string jobId, CancellationToken cancellation) =>
        new(AccessMapping.ToWire(await jobs.CancelAsync(HttpContext.Caller(), HubPaging.Id(jobId, "job"), cancellation)));
}

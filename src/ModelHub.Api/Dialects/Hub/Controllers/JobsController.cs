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
    /// <summary>Jobs, the newest first.</summary>
    [HttpGet]
    public async Task<ListAnswer<JobWire>> List(
        [FromQuery(Name = "project_id")] string? projectId, string? state, int? limit, int? offset, string? cursor, CancellationToken cancellation)
    {
        Guid? project = projectId is null ? null : HubPaging.Id(projectId, "project");
        JobStatus? status = state is null ? null
            : Enum.TryParse<JobStatus>(state, ignoreCase: true, out var known) && AccessMapping.StateOf(known) == state ? known
            : throw ModelHubException.Invalid("state", "'state' is queued, running, succeeded, failed or cancelled.");
        var page = await jobs.ListAsync(HttpContext.Caller(), project, status, HubPaging.Of(limit, offset, cursor), cancellation);
        return ListAnswer<JobWire>.Of(page, AccessMapping.ToWire);
    }

    /// <summary>A job: its state, progress and result.</summary>
    [HttpGet("{jobId}")]
    public async Task<JobAnswer> Get(string jobId, CancellationToken cancellation) =>
        new(AccessMapping.ToWire(await jobs.GetAsync(HttpContext.Caller(), HubPaging.Id(jobId, "job"), cancellation)));

    /// <summary>What a job said.</summary>
    [HttpGet("{jobId}/log")]
    public async Task<JobLogAnswer> Log(string jobId, CancellationToken cancellation) =>
        new((await jobs.GetAsync(HttpContext.Caller(), HubPaging.Id(jobId, "job"), cancellation)).Log);

    /// <summary>Asks a job to stop; what it has done so far is kept where it can be.</summary>
    [HttpPost("{jobId}/cancel")]
    public async Task<JobAnswer> Cancel(string jobId, CancellationToken cancellation) =>
        new(AccessMapping.ToWire(await jobs.CancelAsync(HttpContext.Caller(), HubPaging.Id(jobId, "job"), cancellation)));
}

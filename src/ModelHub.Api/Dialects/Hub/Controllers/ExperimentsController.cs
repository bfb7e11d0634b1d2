using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Experiments;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>AutoML runs and their leaderboards.</summary>
[ApiController]
[Route("api/experiments")]
public sealed class ExperimentsController(ExperimentService experiments, PlanningService plans, ModelService models) : ControllerBase
{
    /// <summary>Starts an experiment: one search for the best model, as a job.</summary>
    [HttpPost]
    [ProducesResponseType<ExperimentAnswer>(202)]
    public async Task<IActionResult> Create(ExperimentRequest request, CancellationToken cancellation)
    {
        var experiment = await experiments.CreateAsync(HttpContext.Caller(), ExperimentMapping.ToCommand(request), cancellation);
        return Accepted($"/api/experiments/{experiment.Id}", new ExperimentAnswer(ExperimentMapping.ToWire(new ExperimentView(experiment, 0, null))));
    }

    /// <summary>Rows, memory and time that a search would take; nothing is started. The same body as for starting one.</summary>
    [HttpPost("plan")]
    public async Task<PlanAnswer> Plan(ExperimentRequest request, CancellationToken cancellation) =>
        new(await plans.PlanAsync(HttpContext.Caller(), ExperimentMapping.ToCommand(request), cancellation));

    /// <summary>Experiments, the newest first.</summary>
    [HttpGet]
    public async Task<ListAnswer<ExperimentWire>> List(
        [FromQuery(Name = "project_id")] string? projectId, int? limit, int? offset, string? cursor, CancellationToken cancellation)
    {
        Guid? project = projectId is null ? null : HubPaging.Id(projectId, "project");
        return ListAnswer<ExperimentWire>.Of(
            await experiments.ListAsync(HttpContext.Caller(), project, HubPaging.Of(limit, offset, cursor), cancellation), v => ExperimentMapping.ToWire(v));
    }

    /// <summary>An experiment with its leaderboard, also while it runs.</summary>
    [HttpGet("{experimentId}")]
    public async Task<ExperimentAnswer> Get(string experimentId, CancellationToken cancellation)
    {
        var view = await experiments.GetAsync(HttpContext.Caller(), HubPaging.Id(experimentId, "experiment"), cancellation);
        return new ExperimentAnswer(ExperimentMapping.ToWire(view, await models.LeaderboardAsync(view.Experiment, cancellation)));
    }

    /// <summary>
    /// The experiment as server-sent events: <c>progress</c> now, at every change and every few seconds, <c>end</c> when it has ended.
    /// </summary>
    [HttpGet("{experimentId}/events")]
    [Produces("text/event-stream")]
    public async Task Events(string experimentId, CancellationToken cancellation)
    {
        var id = HubPaging.Id(experimentId, "experiment");
        await foreach (var view in experiments.WatchAsync(HttpContext.Caller(), id, cancellation))
            await ServerSentEvents.WriteAsync(Response, view.Experiment.FinishedAt is null ? "progress" : "end", new ExperimentAnswer(ExperimentMapping.ToWire(view)), cancellation);
    }

    /// <summary>The leaderboard alone, failed entries included.</summary>
    [HttpGet("{experimentId}/models")]
    public async Task<ListAnswer<LeaderboardWire>> Models(string experimentId, CancellationToken cancellation)
    {
        var items = (await Get(experimentId, cancellation)).Experiment.Leaderboard!;
        return new ListAnswer<LeaderboardWire> { Items = items, Total = items.Count, Limit = items.Count, Offset = 0 };
    }

    /// <summary>Ends a run; what was trained by then stays.</summary>
    [HttpPost("{experimentId}/cancel")]
    public async Task<ExperimentAnswer> Cancel(string experimentId, CancellationToken cancellation) =>
        new(ExperimentMapping.ToWire(await experiments.CancelAsync(HttpContext.Caller(), HubPaging.Id(experimentId, "experiment"), cancellation)));

    /// <summary>Deletes an experiment and its models.</summary>
    [HttpDelete("{experimentId}")]
    public async Task<OkAnswer> Delete(string experimentId, CancellationToken cancellation)
    {
        await experiments.DeleteAsync(HttpContext.Caller(), HubPaging.Id(experimentId, "experiment"), cancellation);
        return new OkAnswer();
    }
}

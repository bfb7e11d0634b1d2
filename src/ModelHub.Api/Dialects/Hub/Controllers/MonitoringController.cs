using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Monitoring;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>How a deployment does: requests and latency, drift from the training data, accuracy once outcomes are known.</summary>
[ApiController]
[Route("api/deployments/{deploymentId}")]
public sealed class MonitoringController(MonitoringService monitoring, TimeProvider clock) : ControllerBase
{
    /// <summary>Requests, errors, rows and latency; in all, by model and by hour. The last seven days unless said otherwise.</summary>
    [HttpGet("stats")]
    public async Task<StatsAnswer> Stats(string deploymentId, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellation)
    {
        var range = Range(from, to);
        var (total, models, windows) = await monitoring.StatsAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), range, cancellation);
        return new StatsAnswer(range.From, range.To, ToWire(total), [.. models.Select(ToWire)], [.. windows.Select(ToWire)]);
    }

    /// <summary>How far rows and predictions have moved from the training data, by feature.</summary>
    [HttpGet("drift")]
    public async Task<DriftAnswer> Drift(string deploymentId, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellation)
    {
        var range = Range(from, to);
        var reports = await monitoring.DriftAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), range, cancellation);
        return new DriftAnswer(range.From, range.To, [.. reports.Select(r => new ModelDriftWire(
            r.ModelId, r.IsReady, r.Rows, r.Predictions is null ? null : ToWire(r.Predictions), [.. r.Features.Select(ToWire)]))]);
    }

    /// <summary>Takes in what came true, by association id; at most 10,000 at once.</summary>
    [HttpPost("actuals")]
    [RequestSizeLimit(JsonBodyLimit.Rows)]
    public async Task<ActualsAnswer> Actuals(string deploymentId, ActualsRequest request, CancellationToken cancellation)
    {
        var actuals = (request.Actuals ?? []).Select(a => (a.AssociationId ?? "", Value(a.Actual))).ToList();
        return new ActualsAnswer(await monitoring.AddActualsAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), actuals, cancellation));
    }

    /// <summary>Metrics of kept predictions whose outcome is known, by model; over all and by day.</summary>
    [HttpGet("accuracy")]
    public async Task<AccuracyAnswer> Accuracy(string deploymentId, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellation)
    {
        var range = Range(from, to);
        var reports = await monitoring.AccuracyAsync(HttpContext.Caller(), HubPaging.Id(deploymentId, "deployment"), range, cancellation);
        var wires = reports.Select(r => new AccuracyWire(r.ModelId, r.Day, r.Rows, r.Metrics)).ToList();
        return new AccuracyAnswer(range.From, range.To, [.. wires.Where(w => w.Day is null)], [.. wires.Where(w => w.Day is not null)]);
    }

    private static string Value(JsonElement actual) => actual.ValueKind switch
    {
        JsonValueKind.String => actual.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => actual.GetRawText(),
        _ => throw ModelHubException.Invalid("actuals", "'actual' is a class or a number."),
    };

    private TimeRange Range(DateTimeOffset? from, DateTimeOffset? to)
    {
        var end = to?.ToUniversalTime() ?? clock.GetUtcNow();
        if (end.Year < 1970)
            throw ModelHubException.Invalid("to", "'to' is before 1970.");
        var start = from?.ToUniversalTime() ?? end.AddDays(-7);
        return start < end ? new TimeRange(start, end) : throw ModelHubException.Invalid("from", "'from' is before 'to'.");
    }

    private static ColumnDriftWire ToWire(ColumnDrift drift) => new(
        drift.Name, drift.Psi, drift.Level, [.. drift.Bins.Select((bin, b) => new BinDriftWire(bin, drift.Expected[b], drift.Actual[b]))]);

    private static ServingStatsWire ToWire(ServingStats stats) => new()
    {
        ModelId = stats.ModelId, StartsAt = stats.StartsAt, Requests = stats.Requests, Errors = stats.Errors, Rows = stats.Rows,
        SampledRows = stats.Sampled, DroppedSamples = stats.Dropped, LatencyMs = new LatencyWire(stats.P50, stats.P90, stats.P99),
        ComparedRows = stats.Compared, Agreement = stats.Agreement, MeanAbsoluteDifference = stats.MeanDifference,
    };
}

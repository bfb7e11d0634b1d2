using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.CustomModels.Wire;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Tests of custom model versions.</summary>
[ApiController]
[Route("api/v2/customModelTests")]
public sealed class CustomModelTestsController(TestService tests) : ControllerBase
{
    private const int DefaultLines = 100;
    private const int MostLines = 1000;

    /// <summary>Tests of a custom model; with bounds in the query, those that were asked for with just these.</summary>
    [HttpGet]
    public async Task<V2List<TestV2>> List(
        string? customModelId, [FromQuery] RuntimeRequest asked, int? limit, int? offset, CancellationToken cancellation) => V2Paging.Page(
        Request,
        await tests.ListAsync(
            HttpContext.Caller(),
            V2Paging.OptionalId(customModelId, "customModelId") ?? throw ModelHubException.Invalid("customModelId", "'customModelId' is needed."),
            asked.ToRuntime(), V2Paging.Of(limit, offset), cancellation),
        TestV2.Of);

    /// <summary>Tests a version: as a job, in its sandbox.</summary>
    [HttpPost]
    [ProducesResponseType<StatusIdV2>(202)]
    public async Task<IActionResult> Start(TestRequest request, CancellationToken cancellation)
    {
        var started = await tests.StartAsync(HttpContext.Caller(), request.ToCommand(), cancellation);
        return Accepted(V2Link.To(Request, $"/api/v2/status/{HubId.ToHex(started.Test.JobId)}/"), new StatusIdV2(HubId.ToHex(started.Test.JobId)));
    }

    /// <summary>A test with the outcome of its checks.</summary>
    [HttpGet("{customModelTestId}")]
    public async Task<TestV2> Get(string customModelTestId, CancellationToken cancellation) => TestV2.Of(await FindAsync(customModelTestId, cancellation));

    /// <summary>Stops a test.</summary>
    [HttpDelete("{customModelTestId}")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Cancel(string customModelTestId, CancellationToken cancellation)
    {
        await tests.CancelAsync(HttpContext.Caller(), V2Paging.Id(customModelTestId, "custom model test"), cancellation);
        return NoContent();
    }

    /// <summary>A test's log as a file.</summary>
    [HttpGet("{customModelTestId}/log")]
    public async Task<IActionResult> Log(string customModelTestId, CancellationToken cancellation)
    {
        var found = await FindAsync(customModelTestId, cancellation);
        return File(System.Text.Encoding.UTF8.GetBytes(found.Test.Log), "text/plain; charset=utf-8", $"testing-{HubId.ToHex(found.Test.Id)}.log");
    }

    /// <summary>The log's last lines.</summary>
    [HttpGet("{customModelTestId}/tail")]
    public async Task<IActionResult> Tail(string customModelTestId, string? lines, CancellationToken cancellation)
    {
        var count = DefaultLines;
        if (lines is not null && (!int.TryParse(lines, CultureInfo.InvariantCulture, out count) || count is < 1 or > MostLines))
            return BadRequest(new MessageV2($"'lines' is 1 to {MostLines}."));
        var log = (await FindAsync(customModelTestId, cancellation)).Test.Log.TrimEnd('\n').Split('\n');
        return Ok(new LogTailV2(string.Join('\n', log.TakeLast(count))));
    }

    private Task<TestView> FindAsync(string id, CancellationToken cancellation) =>
        tests.GetAsync(HttpContext.Caller(), V2Paging.Id(id, "custom model test"), cancellation);
}

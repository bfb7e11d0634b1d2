using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.Arrow;
using ModelHub.Application.Errors;
using ModelHub.Application.Pipelines;

namespace ModelHub.Api.Dialects.Registry.Controllers;

/// <summary>Scores rows with a deployed pipeline.</summary>
[ApiController]
[Route("v1/api/pipelines/infer")]
public sealed class InferController(PipelineService pipelines, PipelineInference inference) : ControllerBase
{
    private const string ArrowFile = "application/vnd.apache.arrow.file";
    private const string ArrowStream = "application/vnd.apache.arrow.stream";

    /// <summary>It is held whole, and its rows beside it.</summary>
    private const int LargestBody = 64 << 20;

    /// <summary>
    /// Rows in as JSON records, as columns (<c>{"tensor": [[…], …]}</c>), or as an Arrow file or stream, at most 64 MiB; the answer is in the
    /// same form, or in the one that Accept names. A single column of lists holds all inputs in the model's order.
    /// </summary>
    [HttpPost("{deployment}")]
    [HttpPost("{deployment}/{name}")]
    [RequestSizeLimit(LargestBody)]
    [Consumes("application/json", ArrowFile, ArrowStream)]
    [ProducesResponseType<IReadOnlyList<InferredRowWire>>(200, "application/json", ArrowFile, ArrowStream)]
    public async Task<IActionResult> Infer(string deployment, string? name, CancellationToken cancellation)
    {
        var pipeline = await pipelines.ByDeploymentAsync(HttpContext.Caller(), deployment, cancellation);
        if (name is not null && name != pipeline.Name)
            throw ModelHubException.NotFound("deployment");
        using var body = new MemoryStream();
        await Request.Body.CopyToAsync(body, cancellation);
        var bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
        var came = Form(Request.ContentType) ?? "application/json";
        var rows = came == "application/json" ? PipelineFrames.OfJson(bytes) : ArrowReader.Read(bytes);
        var answer = await inference.InferAsync(HttpContext.Caller(), pipeline, rows, cancellation);
        var wanted = Form(Request.Headers.Accept.ToString()) ?? came;
        var written = wanted == "application/json" ? InferenceAnswers.ToJson(answer)
            : InferenceAnswers.ToArrow(answer, wanted == ArrowFile);
        return new FileContentResult(written, wanted);
    }

    /// <summary>The first of the known forms that a header names.</summary>
    private static string? Form(string? header) => (header ?? "").Split(',')
        .Select(part => part.Split(';')[0].Trim().ToLowerInvariant())
        .FirstOrDefault(type => type is "application/json" or ArrowFile or ArrowStream);
}

using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Models.Exports;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Trained models in other formats.</summary>
[ApiController]
[Route("api/models/{modelId}/artifact/onnx")]
public sealed class ExportsController(ExportService exports) : ControllerBase
{
    /// <summary>
    /// The model as ONNX, with its preparation: an input [N, 1] per column, named like it. Numbers and truth values (1 and 0) are float, categories
    /// strings, dates double (seconds since 1970-01-01 UTC); NaN, or an empty string, is missing. Outputs are <c>label</c> and <c>probabilities</c>, or
    /// <c>prediction</c>, and the raw <c>scores</c>. The headers say by how much predictions differ from the hub's own at most, over how many rows.
    /// </summary>
    [HttpGet]
    [Produces("application/octet-stream")]
    public async Task<FileStreamResult> Onnx(string modelId, CancellationToken cancellation)
    {
        var onnx = await exports.OpenOnnxAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation);
        if (onnx.Parity is { } parity)
        {
            Response.Headers["X-Largest-Difference"] = parity.Largest.ToString("R", CultureInfo.InvariantCulture);
            Response.Headers["X-Compared-Rows"] = parity.Rows.ToString(CultureInfo.InvariantCulture);
        }
        return this.Download(onnx.File);
    }

    /// <summary>By how much the ONNX file's predictions differ from the hub's own: the largest difference over the rows that training held out.</summary>
    [HttpGet("parity")]
    public async Task<ParityAnswer> Parity(string modelId, CancellationToken cancellation)
    {
        var onnx = await exports.OpenOnnxAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation);
        await using var bytes = onnx.File.Bytes;
        return new ParityAnswer
        {
            LargestDifference = onnx.Parity?.Largest,
            Rows = onnx.Parity?.Rows ?? 0,
            Over = onnx.Parity is null ? null : onnx.Parity.OnValidation ? "validation" : "folds",
            NotCompared = onnx.NotCompared,
            SizeBytes = bytes.Length,
        };
    }
}

using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.CustomModels.Dependencies;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Builds of what a version's requirements.txt asks for.</summary>
[StreamedBody]
[Route("api/v2/customModels/{customModelId}/versions/{customModelVersionId}")]
public sealed class DependencyBuildsController(DependencyBuildService builds) : VendorController
{
    /// <summary>Builds what a version's requirements.txt names.</summary>
    [HttpPost("dependencyBuild")]
    public async Task<IActionResult> Start(string customModelId, string customModelVersionId, CancellationToken cancellation) => Answer(
        ToWire(await builds.StartAsync(HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation)), 202);

    /// <summary>The state of a version's dependency build.</summary>
    [HttpGet("dependencyBuild")]
    public async Task<IActionResult> Get(string customModelId, string customModelVersionId, CancellationToken cancellation) =>
        Answer(ToWire(await builds.GetAsync(HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation)));

    /// <summary>Cancels a build that runs.</summary>
    [HttpDelete("dependencyBuild")]
    public async Task<IActionResult> Cancel(string customModelId, string customModelVersionId, CancellationToken cancellation)
    {
        await builds.CancelAsync(HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation);
        return NoContent();
    }

    /// <summary>The log: plain text, or where JSON is asked for, {"data": base64 of a tar.gz}.</summary>
    [HttpGet("dependencyBuildLog")]
    public async Task<IActionResult> Log(string customModelId, string customModelVersionId, CancellationToken cancellation)
    {
        var text = Encoding.UTF8.GetBytes(await builds.LogAsync(
            HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation));
        var wantsJson = Request.Headers.Accept.ToString().Contains("json", StringComparison.OrdinalIgnoreCase);
        return wantsJson ? Answer(new { data = await PackAsync(text, cancellation) }) : File(text, "text/plain; charset=utf-8", "dependencyBuild.log");
    }

    private static async Task<string> PackAsync(byte[] log, CancellationToken cancellation)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(gzip, TarEntryFormat.Pax, leaveOpen: true))
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "dependencyBuild.log") { DataStream = new MemoryStream(log) }, cancellation);
        return Convert.ToBase64String(packed.ToArray());
    }

    private object ToWire(DependencyBuild build) => new
    {
        buildStatus = VendorWords.Of(build.Status),
        buildStart = VendorJson.Time(build.StartedAt),
        buildEnd = VendorJson.Time(build.EndedAt),
        buildLogLocation = build.IsOpen ? null : Absolute(Request.Path.Value!.TrimEnd('/') + "Log/"),
    };
}

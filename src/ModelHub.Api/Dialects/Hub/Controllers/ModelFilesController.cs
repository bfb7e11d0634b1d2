using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Reports;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Explanations;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Models from hub to hub, and on paper.</summary>
[ApiController]
[Route("api/models")]
public sealed class ModelFilesController(ModelImports imports, ModelService models, ExperimentService experiments, ExplanationService explanations) : ControllerBase
{
    private const long LargestForm = ModelImports.LargestFile + (64 << 20);
    private const int LargestManifest = 32 << 20;

    /// <summary>Where a model comes from: to be imported elsewhere together with its file (<c>/artifact</c>).</summary>
    [HttpGet("{modelId}/manifest")]
    public async Task<ManifestAnswer> Manifest(string modelId, CancellationToken cancellation) =>
        new(JsonSerializer.SerializeToElement(
            await imports.ManifestAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation), ModelManifest.Json));

    /// <summary>The model's file and its manifest as one file (zip), to be imported elsewhere.</summary>
    [HttpGet("{modelId}/export")]
    [Produces("application/zip")]
    public async Task<FileStreamResult> Export(string modelId, CancellationToken cancellation)
    {
        var (file, name) = await imports.PackAsync(HttpContext.Caller(), HubPaging.Id(modelId, "model"), cancellation);
        return File(file, "application/zip", name + ".zip");
    }

    /// <summary>
    /// Imports a model from another hub: <c>project_id</c> and <c>file</c>, which is what <c>/export</c> gave there; or what <c>/artifact</c> gave, and
    /// <c>manifest</c> beside it what <c>/manifest</c> gave. Accepted when its golden rows give here, to the last bit, what they gave there.
    /// </summary>
    [HttpPost("import")]
    [Consumes("multipart/form-data")]
    [RequestFormLimits(MultipartBodyLengthLimit = LargestForm)]
    [ProducesResponseType<ModelAnswer>(201)]
    public async Task<IActionResult> Import([FromForm] ImportForm form, CancellationToken cancellation)
    {
        var file = form.File ?? throw ModelHubException.Invalid("file", "'file' is needed: what a hub exported, or a model's artifact.");
        var project = HubPaging.QueryId(form.ProjectId, "project_id") ?? throw ModelHubException.Invalid("project_id", "'project_id' is needed.");
        await using var bytes = file.OpenReadStream();
        var made = await imports.ImportAsync(HttpContext.Caller(), project, form.Name, bytes, await ReadAsync(form.Manifest, cancellation), cancellation);
        return Created($"/api/models/{made.Model.Id}", ModelMapping.ToAnswer(made));
    }

    /// <summary>All about a model on one page that needs neither network nor scripts, and can be printed.</summary>
    [HttpGet("{modelId}/report")]
    [Produces("text/html")]
    public async Task<ContentResult> Report(string modelId, CancellationToken cancellation)
    {
        var caller = HttpContext.Caller();
        var view = await models.GetAsync(caller, HubPaging.Id(modelId, "model"), cancellation);
        var found = await explanations.GetAsync(caller, view.Model.Id, new DataWish(), cancellation);
        var experiment = await experiments.GetAsync(caller, view.Model.ExperimentId, cancellation);
        Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
        return Content(ReportPage.Of(view, found, await models.LeaderboardAsync(experiment.Experiment, cancellation)), "text/html; charset=utf-8");
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(IFormFile? manifest, CancellationToken cancellation)
    {
        if (manifest is null)
            return null;
        if (manifest.Length > LargestManifest)
            throw ModelHubException.Invalid("manifest", $"'manifest' has at most {LargestManifest} bytes.");
        var bytes = new byte[manifest.Length];
        await using var stream = manifest.OpenReadStream();
        await stream.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }
}

/// <summary>What a model is imported from.</summary>
public sealed record ImportForm
{
    [FromForm(Name = "project_id")]
    public string? ProjectId { get; init; }

    /// <summary>By default the name that the manifest tells.</summary>
    [FromForm(Name = "name")]
    public string? Name { get; init; }

    /// <summary>The other hub's export, or the model's file alone.</summary>
    [FromForm(Name = "file")]
    public IFormFile? File { get; init; }

    /// <summary>The other hub's manifest, as JSON.</summary>
    [FromForm(Name = "manifest")]
    public IFormFile? Manifest { get; init; }
}

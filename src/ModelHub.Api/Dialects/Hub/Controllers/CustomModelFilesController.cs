using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.CustomModels.Transfers;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Custom models, which are the registry's models too, from hub to hub.</summary>
[ApiController]
[Route("api/custom-models")]
public sealed class CustomModelFilesController(CustomModelExports exports, CustomModelImports imports) : ControllerBase
{
    private const long LargestForm = 4L << 30;

    /// <summary>
    /// All about a custom model but its files' bytes: its versions, what they are made of, where they came from, how they were judged. It is named by
    /// its id, or by the registry's number of it or of one of its versions.
    /// </summary>
    [HttpGet("{customModelId}/manifest")]
    public async Task<ManifestAnswer> Manifest(string customModelId, CancellationToken cancellation) =>
        new(JsonSerializer.SerializeToElement(
            await exports.ManifestAsync(HttpContext.Caller(), await IdAsync(customModelId, cancellation), cancellation), CustomModelManifest.Json));

    /// <summary>The manifest and the files of all versions as one file (zip), to be imported elsewhere.</summary>
    [HttpGet("{customModelId}/export")]
    [Produces("application/zip")]
    public async Task<FileStreamResult> Export(string customModelId, CancellationToken cancellation)
    {
        var (file, name) = await exports.PackAsync(HttpContext.Caller(), await IdAsync(customModelId, cancellation), cancellation);
        return File(file, "application/zip", name + ".zip");
    }

    /// <summary>
    /// Imports a custom model from another hub: <c>project_id</c>, <c>file</c> (what <c>/export</c> gave there), and a <c>name</c> when it is to have another.
    /// Nothing is imported unless every byte is what the manifest says and model files predict here what they predicted there; uploads are checked
    /// like new ones. Environments are found by their names; secrets and data do not come along.
    /// </summary>
    [HttpPost("import")]
    [Consumes("multipart/form-data")]
    [RequestFormLimits(MultipartBodyLengthLimit = LargestForm)]
    [ProducesResponseType<ImportedCustomModelAnswer>(201)]
    public async Task<IActionResult> Import([FromForm] ImportCustomModelForm form, CancellationToken cancellation)
    {
        var file = form.File ?? throw ModelHubException.Invalid("file", "'file' is needed: what a hub exported.");
        var project = HubPaging.QueryId(form.ProjectId, "project_id") ?? throw ModelHubException.Invalid("project_id", "'project_id' is needed.");
        await using var bytes = file.OpenReadStream();
        var made = await imports.ImportAsync(HttpContext.Caller(), project, form.Name, bytes, cancellation);
        return Created($"/api/custom-models/{made.Id}/manifest", ImportedCustomModelAnswer.Of(made, await imports.VersionsAsync(made, cancellation)));
    }

    private async Task<Guid> IdAsync(string text, CancellationToken cancellation) => text.Length < 20 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? await exports.FindAsync(number, cancellation) : HubPaging.Id(text, "custom model");
}

/// <summary>What a custom model is imported from.</summary>
public sealed record ImportCustomModelForm
{
    [FromForm(Name = "project_id")]
    public string? ProjectId { get; init; }

    /// <summary>By default the name that it had.</summary>
    [FromForm(Name = "name")]
    public string? Name { get; init; }

    /// <summary>The other hub's export.</summary>
    [FromForm(Name = "file")]
    public IFormFile? File { get; init; }
}

using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Datasets;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Datasets, as far as clients of custom models need them.</summary>
[StreamedBody]
[Route("api/v2/datasets")]
public sealed class CatalogController(CatalogService catalog, IArtifactStore store) : VendorController
{
    /// <summary>Reads an uploaded file (part <c>file</c>) into a new dataset.</summary>
    [HttpPost("fromFile")]
    public async Task<IActionResult> FromFile(CancellationToken cancellation)
    {
        var form = await StoredForm.ReadAsync(Request, store, ["file"], cancellation);
        if (form.Files.Count != 1)
            form.Fields.Refuse("file", "One file is expected.");
        form.Fields.Check();
        var (_, name, bytes) = form.Files[0];
        if (bytes.Size == 0)
            form.Fields.Refuse("file", "The file is empty.");
        form.Fields.Check();
        await using var file = await store.OpenAsync(bytes.Sha256, cancellation);
        name = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        var format = Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".JSON" or ".JSONL" or ".NDJSON" => TableFormat.Json,
            ".PARQUET" or ".PQ" => TableFormat.Parquet,
            _ => TableFormat.Csv,
        };
        var (job, view) = await catalog.UploadAsync(HttpContext.Caller(), name, file, new TableSource { Format = format }, cancellation);
        return Under(job, new
        {
            catalogId = HubId.ToHex(view.Dataset.Id), catalogVersionId = HubId.ToHex(view.Version!.Id), statusId = HubId.ToHex(job.Id),
        });
    }

    /// <summary>Datasets.</summary>
    [HttpGet]
    public async Task<IActionResult> List(CancellationToken cancellation) =>
        List(await catalog.ListAsync(HttpContext.Caller(), Paging(), cancellation), CustomModelMapping.ToWire);

    /// <summary>A dataset.</summary>
    [HttpGet("{datasetId}")]
    public async Task<IActionResult> Get(string datasetId, CancellationToken cancellation) =>
        Answer(CustomModelMapping.ToWire(await catalog.GetAsync(HttpContext.Caller(), Id(datasetId, "dataset"), null, cancellation)));

    /// <summary>Versions of a dataset.</summary>
    [HttpGet("{datasetId}/versions")]
    public async Task<IActionResult> Versions(string datasetId, CancellationToken cancellation) =>
        List(await catalog.VersionsAsync(HttpContext.Caller(), Id(datasetId, "dataset"), Paging(), cancellation), CustomModelMapping.ToWire);

    /// <summary>A version of a dataset.</summary>
    [HttpGet("{datasetId}/versions/{datasetVersionId}")]
    public async Task<IActionResult> Version(string datasetId, string datasetVersionId, CancellationToken cancellation) => Answer(CustomModelMapping.ToWire(
        await catalog.GetAsync(HttpContext.Caller(), Id(datasetId, "dataset"), Id(datasetVersionId, "dataset version"), cancellation)));

    /// <summary>Deletes a dataset.</summary>
    [HttpDelete("{datasetId}")]
    public async Task<IActionResult> Delete(string datasetId, CancellationToken cancellation)
    {
        await catalog.DeleteAsync(HttpContext.Caller(), Id(datasetId, "dataset"), cancellation);
        return NoContent();
    }
}

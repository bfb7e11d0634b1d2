using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Datasets;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Datasets: tables that are uploaded once and read without parsing again.</summary>
[ApiController]
[Route("api/datasets")]
public sealed class DatasetsController(DatasetService datasets, DatasetTables tables) : ControllerBase
{
    private const int LongestField = 4096;

    /// <summary>
    /// Uploads a file as multipart/form-data: <c>project_id</c>, <c>name</c>, optionally <c>format</c> (csv, json, libsvm, parquet) and
    /// <c>kinds</c> (a JSON object: column to numeric, integer, boolean, category, date, text or id), then <c>file</c>, plain or gzip. The file is read while it arrives, so the fields come before it.
    /// </summary>
    [HttpPost]
    [StreamedBody]
    [Consumes("multipart/form-data")]
    [ProducesResponseType<DatasetAnswer>(201)]
    public async Task<IActionResult> Upload(CancellationToken cancellation)
    {
        var reader = FormFile.PartsOf(Request.ContentType, Request.Body);
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            while (await reader.NextAsync(cancellation) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition))
                    continue;
                var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? "";
                if (name == "file")
                    return await StoreAsync(fields, HeaderUtilities.RemoveQuotes(disposition.FileName).Value, FormFile.LastOf(reader, section), cancellation);
                if (fields.Count < 20)
                    fields[name] = await ReadFieldAsync(section.Body, cancellation);
            }
        }
        catch (InvalidDataException broken)
        {
            throw new ModelHubException(ErrorKind.Invalid, "invalid", $"The form is broken: {broken.Message}", inner: broken);
        }
        catch (IOException broken) when (broken is not BadHttpRequestException)
        {
            throw new ModelHubException(ErrorKind.Invalid, "invalid", "The form ends too early.", inner: broken);
        }
        throw ModelHubException.Invalid("file", "'file' is needed.");
    }

    /// <summary>Datasets of the caller's projects.</summary>
    [HttpGet]
    public async Task<ListAnswer<DatasetWire>> List(
        [FromQuery(Name = "project_id")] string? projectId, int? limit, int? offset, CancellationToken cancellation)
    {
        Guid? project = projectId is null ? null : HubPaging.Id(projectId, "project");
        return ListAnswer<DatasetWire>.Of(
            await datasets.ListAsync(HttpContext.Caller(), project, HubPaging.Of(limit, offset), cancellation), DatasetMapping.ToWire);
    }

    /// <summary>A dataset with the statistics of its columns.</summary>
    [HttpGet("{datasetId}")]
    public async Task<DatasetAnswer> Get(string datasetId, CancellationToken cancellation) =>
        new(DatasetMapping.ToWire(await datasets.GetAsync(HttpContext.Caller(), HubPaging.Id(datasetId, "dataset"), cancellation)));

    /// <summary>The first rows (20 unless told, at most 1000).</summary>
    [HttpGet("{datasetId}/preview")]
    public async Task<PreviewAnswer> Preview(string datasetId, int? rows, CancellationToken cancellation)
    {
        if (rows is < 1 or > 1000)
            throw ModelHubException.Invalid("rows", "'rows' is 1 to 1000.");
        var view = await datasets.GetAsync(HttpContext.Caller(), HubPaging.Id(datasetId, "dataset"), cancellation);
        var cells = view.Version is null ? [] : await tables.PreviewAsync(view.Version.Id, rows ?? 20, cancellation);
        return new PreviewAnswer([.. view.Columns.Select(c => c.Name)], cells);
    }

    /// <summary>The newest version as CSV. Cells that a spreadsheet would take for formulas get an apostrophe in front.</summary>
    [HttpGet("{datasetId}/download")]
    [Produces("text/csv")]
    public async Task Download(string datasetId, CancellationToken cancellation)
    {
        var view = await datasets.GetAsync(HttpContext.Caller(), HubPaging.Id(datasetId, "dataset"), cancellation);
        Response.ContentType = "text/csv; charset=utf-8";
        Response.Headers.ContentDisposition = $"attachment; filename=\"{view.Dataset.Id}.csv\"";
        if (view.Version is not null)
            await tables.WriteCsvAsync(view.Version.Id, Response.Body, cancellation);
    }

    /// <summary>Deletes a dataset and all its versions.</summary>
    [HttpDelete("{datasetId}")]
    public async Task<OkAnswer> Delete(string datasetId, CancellationToken cancellation)
    {
        await datasets.DeleteAsync(HttpContext.Caller(), HubPaging.Id(datasetId, "dataset"), cancellation);
        return new OkAnswer();
    }

    private async Task<IActionResult> StoreAsync(
        Dictionary<string, string> fields, string? fileName, Stream file, CancellationToken cancellation)
    {
        if (!fields.TryGetValue("project_id", out var project))
            throw ModelHubException.Invalid("project_id", "'project_id' is needed, before the file.");
        var name = fields.GetValueOrDefault("name") ?? Path.GetFileName(fileName ?? "");
        var source = new TableSource { Format = FormatOf(fields.GetValueOrDefault("format"), fileName), Kinds = KindsOf(fields.GetValueOrDefault("kinds")) };
        var view = await datasets.UploadAsync(HttpContext.Caller(), HubPaging.Id(project, "project"), name, file, source, cancellation);
        return Created($"/api/datasets/{view.Dataset.Id}", new DatasetAnswer(DatasetMapping.ToWire(view)));
    }

    private static Dictionary<string, string>? KindsOf(string? kinds)
    {
        try
        {
            return string.IsNullOrWhiteSpace(kinds) ? null : JsonSerializer.Deserialize<Dictionary<string, string>>(kinds);
        }
        catch (JsonException)
        {
            throw ModelHubException.Invalid("kinds", "'kinds' is a JSON object of column names and kinds.");
        }
    }

    private static TableFormat FormatOf(string? format, string? fileName)
    {
        fileName = fileName?.ToLowerInvariant() ?? "";
        fileName = fileName.EndsWith(".gz", StringComparison.Ordinal) ? fileName[..^3] : fileName;
        return format switch
        {
            "csv" => TableFormat.Csv,
            "json" => TableFormat.Json,
            "libsvm" => TableFormat.Libsvm,
            "parquet" => TableFormat.Parquet,
            null => Path.GetExtension(fileName) switch
            {
                ".json" or ".jsonl" or ".ndjson" => TableFormat.Json,
                ".libsvm" or ".svm" => TableFormat.Libsvm,
                ".parquet" or ".pq" => TableFormat.Parquet,
                _ => TableFormat.Csv,
            },
            _ => throw ModelHubException.Invalid("format", "'format' is csv, json, libsvm or parquet."),
        };
    }

    private static async Task<string> ReadFieldAsync(Stream body, CancellationToken cancellation)
    {
        var buffer = new byte[LongestField + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        if (length > LongestField)
            throw ModelHubException.Invalid("body", $"A field of the form is longer than {LongestField} bytes.");
        return System.Text.Encoding.UTF8.GetString(buffer, 0, length);
    }
}

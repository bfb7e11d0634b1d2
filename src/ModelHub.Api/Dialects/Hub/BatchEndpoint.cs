using System.IO.Pipelines;
using ModelHub.Api.Access;
using ModelHub.Api.Errors;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;
using ModelHub.Application.Scoring;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>
/// Scores a file of any length: CSV, JSON or JSON lines, plain or gzip, as a form's <c>file</c> or as the body. The answer is JSON, CSV
/// (<c>Accept: text/csv</c>) or JSON lines (<c>application/x-ndjson</c>), and begins before the file has come whole.
/// </summary>
internal sealed class BatchEndpoint(PredictionService predictions, HubSettings settings, ILogger<BatchEndpoint> log)
{
    public static void Map(WebApplication app)
    {
        var endpoint = ActivatorUtilities.CreateInstance<BatchEndpoint>(app.Services);
        app.MapPost("/api/models/{modelId}/predict/batch", (HttpContext context, string modelId) => endpoint.PredictAsync(context, modelId))
            .RequireAuthorization().WithName("Models_PredictBatch").WithGroupName("Hub").WithTags("Models")
            .WithSummary("Scores a file of any length: CSV, JSON or JSON lines, plain or gzip.")
            .Accepts<Wire.BatchForm>("multipart/form-data", "text/csv", "application/json", "application/x-ndjson")
            .Produces<Wire.BatchAnswer>(200, "application/json", "text/csv", "application/x-ndjson");
    }

    private async Task PredictAsync(HttpContext context, string modelId)
    {
        var model = await predictions.OpenAsync(context.Caller(), HubPaging.Id(modelId, "model"), context.RequestAborted);
        var (format, body) = await OpenAsync(context.Request, context.RequestAborted);
        var accept = context.Request.Headers.Accept.ToString();
        var (type, writer) = accept.Contains("text/csv", StringComparison.OrdinalIgnoreCase) ? ("text/csv; charset=utf-8", (IScoredRowsWriter)new BatchCsv(model))
            : accept.Contains("ndjson", StringComparison.OrdinalIgnoreCase) ? ("application/x-ndjson", new BatchJson(model, asLines: true))
            : ("application/json", new BatchJson(model, asLines: false));
        var run = new ScoringRun(model, format, new KeptColumns(true, new HashSet<string>()), writer, context.Response.BodyWriter)
        {
            Starting = () => context.Response.ContentType = type,
        };
        try
        {
            await run.RunAsync(body, context.RequestAborted);
        }
        catch (Exception failure) when (context.Response.HasStarted)
        {
            // Rows were answered already: a cut connection is the one way left to say that it went wrong.
            log.LogInformation("A batch of {Model} was cut short: {Reason}", modelId, failure is ModelHubException ? failure.Message : failure.ToString());
            context.Abort();
        }
    }

    private async ValueTask<(RowFormat Format, PipeReader Body)> OpenAsync(HttpRequest request, CancellationToken cancellation)
    {
        var (type, name, body) = (request.ContentType, "", request.BodyReader);
        if (FormFile.IsForm(type))
        {
            var file = await FormFile.OpenAsync(type!, body, "file", cancellation);
            (type, name, body) = (file.ContentType, file.Name, file.Bytes);
        }
        var isGzip = request.Headers.ContentEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        var start = await body.ReadAtLeastAsync(2, cancellation);
        isGzip |= start.Buffer.Length >= 2 && start.Buffer.FirstSpan is [0x1f, 0x8b, ..];
        body.AdvanceTo(start.Buffer.Start);
        if (isGzip)
            body = GzipBody.Open(body.AsStream(), settings.LargestBody);
        return (FormatOf(type, name), body);
    }

    private static RowFormat FormatOf(string? type, string name)
    {
        name = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
        return Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".JSON" => RowFormat.Json,
            ".NDJSON" or ".JSONL" => RowFormat.JsonLines,
            ".CSV" or ".TSV" or ".TXT" => RowFormat.Csv,
            ".PARQUET" => throw new HttpRefusalException(422, "no_parquet", "Parquet needs DuckDB's library, which is not here."),
            _ => type?.Split(';')[0].Trim().ToUpperInvariant() switch
            {
                "APPLICATION/JSON" => RowFormat.Json,
                "APPLICATION/X-NDJSON" or "APPLICATION/JSONL" or "APPLICATION/JSON-LINES" => RowFormat.JsonLines,
                _ => RowFormat.Csv,
            },
        };
    }
}

using System.Buffers;
using System.IO.Pipelines;
using ModelHub.Api.Access;
using ModelHub.Api.Hosting;
using ModelHub.Application.Batches;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;
using ModelHub.Application.Parquet;
using ModelHub.Application.Scoring;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>
/// Scores a file of any length: CSV, JSON, JSON lines or Parquet, plain or gzip, as a form's <c>file</c> or as the body. The answer is JSON, CSV
/// (<c>Accept: text/csv</c>), JSON lines (<c>application/x-ndjson</c>) or Parquet (<c>application/vnd.apache.parquet</c>), and begins before the
/// file has come whole, unless that is Parquet, whose end is needed first.
/// </summary>
internal sealed class BatchEndpoint(
    PredictionService predictions, IParquetFiles parquet, IBatchWriters writers, HubSettings settings, ILogger<BatchEndpoint> log)
{
    private const string ParquetType = BatchFormats.ParquetType;
    private static readonly byte[] Gzip = [0x1f, 0x8b];

    public static void Map(WebApplication app)
    {
        var endpoint = ActivatorUtilities.CreateInstance<BatchEndpoint>(app.Services);
        app.MapPost("/api/models/{modelId}/predict/batch", (HttpContext context, string modelId) => endpoint.PredictAsync(context, modelId))
            .RequireAuthorization().WithMetadata(new ScoringAttribute()).WithName("Models_PredictBatch").WithGroupName("Hub").WithTags("Models")
            .WithSummary("Scores a file of any length: CSV, JSON, JSON lines or Parquet, plain or gzip. ?passthrough_columns= is all (the default), none, or the names of the columns that come back, parted by commas.")
            .Accepts<Wire.BatchForm>("multipart/form-data", "text/csv", "application/json", "application/x-ndjson", ParquetType)
            .Produces<Wire.BatchAnswer>(200, "application/json", "text/csv", "application/x-ndjson", ParquetType);
        app.MapPost("/api/models/{modelId}/predict/batch/jobs", (HttpContext context, string modelId) => endpoint.EnqueueAsync(context, modelId))
            .RequireAuthorization().WithName("Models_PredictBatchJob").WithGroupName("Hub").WithTags("Models")
            .WithSummary("Scores a file by a job; ?output= is csv (the default), json, ndjson or parquet. The result is fetched from /api/batch-predictions.")
            .Accepts<Wire.BatchForm>("multipart/form-data", "text/csv", "application/json", "application/x-ndjson", ParquetType)
            .Produces<Wire.BatchPredictionAnswer>(202);
    }

    /// <summary>Keeps the rows and leaves them to a job: a row that is refused is then named, however far into the file it stands.</summary>
    private async Task EnqueueAsync(HttpContext context, string modelId)
    {
        var model = await predictions.OpenAsync(context.Caller(), HubPaging.Id(modelId, "model"), context.RequestAborted);
        var output = BatchFormats.Of(context.Request.Query["output"].FirstOrDefault() ?? "csv");
        var (format, body) = await OpenAsync(context.Request, context.RequestAborted);
        var input = format switch
        {
            RowFormat.Csv => BatchFormat.Csv, RowFormat.Json => BatchFormat.Json, RowFormat.JsonLines => BatchFormat.JsonLines, null => BatchFormat.Parquet,
        };
        var made = await context.RequestServices.GetRequiredService<BatchService>()
            .CreateAsync(context.Caller(), model, body, input, output, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.Headers.Location = $"/api/batch-predictions/{made.Batch.Id}";
        await context.Response.WriteAsJsonAsync(new Wire.BatchPredictionAnswer(BatchMapping.ToWire(made)), BatchMapping.Json, context.RequestAborted);
    }

    private async Task PredictAsync(HttpContext context, string modelId)
    {
        var model = await predictions.OpenAsync(context.Caller(), HubPaging.Id(modelId, "model"), context.RequestAborted);
        var kept = Passthrough(context.Request.Query["passthrough_columns"].FirstOrDefault());
        var (format, body) = await OpenAsync(context.Request, context.RequestAborted);
        var wanted = Wanted(context.Request.Headers.Accept.ToString());
        IScoredRowsWriter Writer(IReadOnlyList<TypedColumn>? columns) => writers.Create(model, wanted, columns);
        void Start() => context.Response.ContentType = BatchFormats.TypeOf(wanted);
        try
        {
            if (format is not { } text)
            {
                await ScoringRun.RunParquetAsync(
                    model, parquet, body, settings.LargestBody, kept, Writer, context.Response.BodyWriter, Start, context.RequestAborted);
                return;
            }
            await new ScoringRun(model, text, kept, Writer(null), context.Response.BodyWriter) { Starting = Start }
                .RunAsync(body, context.RequestAborted);
        }
        catch (Exception failure) when (context.Response.HasStarted)
        {
            // Rows were answered already: a cut connection is the one way left to say that it went wrong.
            log.LogInformation("A batch of {Model} was cut short: {Reason}", modelId, failure is ModelHubException ? failure.Message : failure.ToString());
            context.Abort();
        }
    }

    private static KeptColumns Passthrough(string? columns) => columns switch
    {
        null or "all" => KeptColumns.Everything,
        "" or "none" => KeptColumns.None,
        { Length: > 100_000 } => throw ModelHubException.Invalid("passthrough_columns", "'passthrough_columns' is too long."),
        _ => new KeptColumns(false, columns.Split(',', StringSplitOptions.TrimEntries).ToHashSet(StringComparer.Ordinal)),
    };

    private static BatchFormat Wanted(string accept) =>
        accept.Contains("parquet", StringComparison.OrdinalIgnoreCase) ? BatchFormat.Parquet
        : accept.Contains("text/csv", StringComparison.OrdinalIgnoreCase) ? BatchFormat.Csv
        : accept.Contains("ndjson", StringComparison.OrdinalIgnoreCase) ? BatchFormat.JsonLines
        : BatchFormat.Json;

    /// <summary>The rows' format, null for Parquet, and the rows, unpacked.</summary>
    private async ValueTask<(RowFormat? Format, PipeReader Body)> OpenAsync(HttpRequest request, CancellationToken cancellation)
    {
        var (type, name, body) = (request.ContentType, "", request.BodyReader);
        if (FormFile.IsForm(type))
        {
            var file = await FormFile.OpenAsync(type!, body, "file", cancellation);
            (type, name, body) = (file.ContentType, file.Name, file.Bytes);
        }
        var isGzip = request.Headers.ContentEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        if (isGzip || (await StartAsync(body, cancellation)).AsSpan().StartsWith(Gzip))
            body = GzipBody.Open(body.AsStream(), settings.LargestBody);
        return (FormatOf(type, name, await StartAsync(body, cancellation)), body);
    }

    private static async ValueTask<byte[]> StartAsync(PipeReader body, CancellationToken cancellation)
    {
        var start = await body.ReadAtLeastAsync(4, cancellation);
        var bytes = start.Buffer.Slice(0, Math.Min(4, start.Buffer.Length)).ToArray();
        body.AdvanceTo(start.Buffer.Start);
        return bytes;
    }

    private static RowFormat? FormatOf(string? type, string name, byte[] start)
    {
        name = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
        if (start.AsSpan().SequenceEqual(ParquetFileWriter.Magic) || type?.Contains("parquet", StringComparison.OrdinalIgnoreCase) == true)
            return null;
        return Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".JSON" => RowFormat.Json,
            ".NDJSON" or ".JSONL" => RowFormat.JsonLines,
            ".CSV" or ".TSV" or ".TXT" => RowFormat.Csv,
            ".PARQUET" or ".PQ" => null,
            _ => type?.Split(';')[0].Trim().ToUpperInvariant() switch
            {
                "APPLICATION/JSON" => RowFormat.Json,
                "APPLICATION/X-NDJSON" or "APPLICATION/JSONL" or "APPLICATION/JSON-LINES" => RowFormat.JsonLines,
                _ => RowFormat.Csv,
            },
        };
    }
}

using System.Buffers;
using System.Text.Json;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Api.Errors;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>
/// Scores a record or a list of them by a model. An endpoint and no controller: rows go from the body's bytes to the answer's without
/// objects between. All rows are read before any is answered, so that a refusal can name the row.
/// </summary>
internal sealed class PredictEndpoint(PredictionService predictions)
{
    private const int LargestBody = (int)JsonBodyLimit.Rows;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The same route for <see cref="Shortcut"/>.</summary>
    public static ShortRoute Short(IServiceProvider services) =>
        new("/api/models/", "/predict", services.GetRequiredService<PredictEndpoint>().PredictAsync);

    public static void Map(WebApplication app)
    {
        var endpoint = app.Services.GetRequiredService<PredictEndpoint>();
        app.MapPost("/api/models/{modelId}/predict", (HttpContext context, string modelId) => endpoint.PredictAsync(context, modelId))
            .RequireAuthorization().WithMetadata(new ScoringAttribute()).WithName("Models_Predict").WithGroupName("Hub").WithTags("Models")
            .WithSummary("Scores one record or a list of records: at most 16 MB and 100,000 records; longer ones are for predict/batch.")
            .Accepts<PredictRequest>("application/json").Produces<PredictAnswer>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(404)
            .ProducesProblem(413).ProducesProblem(415).ProducesProblem(422);
    }

    private async Task PredictAsync(HttpContext context, string modelId)
    {
        RequireJson(context.Request);
        var model = await predictions.OpenAsync(context.Caller(), HubPaging.Id(modelId, "model"), context.RequestAborted);
        using var scored = await ReadAsync(model, context.Request, context.RequestAborted);
        var writer = new PredictWriter(scored, OptionsOf(scored.Options));
        await scored.ScoreAsync(context.RequestAborted);
        context.Response.ContentType = "application/json; charset=utf-8";
        await writer.WriteAsync(context.Response.BodyWriter, context.RequestAborted);
    }

    private static void RequireJson(HttpRequest request)
    {
        var type = request.ContentType.AsSpan();
        var end = type.IndexOf(';');
        var media = (end < 0 ? type : type[..end]).Trim();
        if (!media.Equals("application/json", StringComparison.OrdinalIgnoreCase) && !media.EndsWith("+json", StringComparison.OrdinalIgnoreCase))
            throw new HttpRefusalException(415, "unsupported_media_type", "The content type is application/json; files are for predict/batch.");
    }

    /// <summary>The records of a body: in place when it came in one piece, else copied together.</summary>
    private static async ValueTask<ScoredRecords> ReadAsync(LoadedModel model, HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > LargestBody)
            throw TooLarge();
        var body = request.BodyReader;
        var read = await body.ReadAsync(cancellation);
        if (read.IsCompleted && read.Buffer.IsSingleSegment)
        {
            try
            {
                return Read(model, read.Buffer.FirstSpan);
            }
            finally
            {
                body.AdvanceTo(read.Buffer.End);
            }
        }
        var bytes = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? 64 << 10));
        try
        {
            var length = 0;
            while (true)
            {
                var more = (int)Math.Min(read.Buffer.Length, LargestBody + 1L);
                if (length + more > LargestBody)
                {
                    body.AdvanceTo(read.Buffer.End); // the server goes on reading where we stop
                    throw TooLarge();
                }
                if (length + more > bytes.Length)
                    Grow(ref bytes, length, length + more);
                read.Buffer.CopyTo(bytes.AsSpan(length));
                length += more;
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return Read(model, bytes.AsSpan(0, length));
                read = await body.ReadAsync(cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static ScoredRecords Read(LoadedModel model, ReadOnlySpan<byte> json)
    {
        try
        {
            return ScoredRecords.Read(model, json);
        }
        catch (ModelHubException broken) when (broken.Code == "malformed")
        {
            throw new MalformedBodyException(broken.Message);
        }
    }

    private static PredictOptions OptionsOf(byte[]? json)
    {
        try
        {
            return json is null ? PredictOptions.None : JsonSerializer.Deserialize<PredictOptions>(json, Json) ?? PredictOptions.None;
        }
        catch (JsonException)
        {
            throw ModelHubException.Invalid("options", "'options' is an object of threshold, include_contributions, top_n, include_interval and coverage.");
        }
    }

    private static void Grow(ref byte[] bytes, int length, int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, bytes.Length * 2));
        bytes.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }

    private static ModelHubException TooLarge() =>
        new(ErrorKind.TooLarge, "body_too_large", $"The body is larger than {LargestBody} bytes; files of any length are for predict/batch.");
}

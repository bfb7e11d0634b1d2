using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using ModelHub.Api.Access;
using ModelHub.Api.Errors;
using ModelHub.Api.Hosting;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary>Scoring deployments. Endpoints and not controllers: rows go from the body's bytes to the answer's without objects between.</summary>
internal sealed class PredictionEndpoints(DeploymentGate gate, DeploymentScoring scoring, HubSettings settings, TimeProvider clock, ILogger<PredictionEndpoints> log)
{
    private const int LongestRequestLine = 8192;
    private const long MostUnstructured = 64 << 20;
    private static readonly string[] Bases = ["/predApi/v1.0", "/v1.0", ""];

    /// <summary>The same routes for <see cref="Shortcut"/>.</summary>
    public static IEnumerable<ShortRoute> Short(IServiceProvider services)
    {
        var endpoints = services.GetRequiredService<PredictionEndpoints>();
        return Bases.Select(root => new ShortRoute($"{root}/deployments/", "/predictions", (context, id) => endpoints.PredictAsync(context, id, explains: false)));
    }

    public static void Map(WebApplication app)
    {
        var endpoints = app.Services.GetRequiredService<PredictionEndpoints>();
        foreach (var root in Bases)
        {
            var name = root.Replace("/", "", StringComparison.Ordinal).Replace(".", "_", StringComparison.Ordinal);
            Describe(app.MapPost(root + "/deployments/{deploymentId}/predictions", (HttpContext context, string deploymentId) =>
                endpoints.PredictAsync(context, deploymentId, explains: false)), "predictions" + name, "Scores rows.");
            Describe(app.MapPost(root + "/deployments/{deploymentId}/predictionExplanations", (HttpContext context, string deploymentId) =>
                endpoints.PredictAsync(context, deploymentId, explains: true)), "predictionExplanations" + name, "Scores rows and says what moved each score.");
            app.MapPost(root + "/deployments/{deploymentId}/predictionsUnstructured", endpoints.PassAsync)
                .RequireAuthorization().WithMetadata(new ScoringAttribute()).WithName("predictionsUnstructured" + name).WithGroupName("Predictions")
                .WithSummary("Hands a body of any kind to an unstructured model, and its answer back.")
                .Produces(200).Produces<MessageWire>(400).Produces<MessageWire>(401).Produces<MessageWire>(404).Produces<MessageWire>(413);
        }
    }

    private static void Describe(RouteHandlerBuilder route, string name, string summary) => route
        .RequireAuthorization().WithMetadata(new ScoringAttribute()).WithName(name).WithGroupName("Predictions").WithSummary(summary)
        .Accepts<PredictionRows>("application/json", "text/csv", "text/plain", "multipart/form-data").Produces<PredictionsWire>(200, "application/json", "text/csv")
        .Produces<MessageWire>(400).Produces<MessageWire>(401).Produces<MessageWire>(404).Produces<MessageWire>(413).Produces<MessageWire>(415);

    private async Task PredictAsync(HttpContext context, string deploymentId, bool explains)
    {
        var start = clock.GetTimestamp();
        var request = context.Request;
        RequireShortLine(context);
        var query = PredictionQuery.Of(request.Query, explains);
        var served = await gate.OpenAsync(context.Caller(), deploymentId, context.RequestAborted);
        var (format, body) = await OpenAsync(request, context.RequestAborted);
        var model = await gate.ChooseAsync(served, request.Headers["X-Routing-Key"], body, format, context.RequestAborted);
        var asCsv = WantsCsv(request);
        PredictionWriter writer = asCsv ? new CsvPredictions(model, served, query) : new JsonPredictions(model, served, query);
        try
        {
            await scoring.RunAsync(served, model, format, query.Passthrough, body, writer, context.Response.BodyWriter, Start, context.RequestAborted);
        }
        catch (Exception failure) when (context.Response.HasStarted)
        {
            // Rows were answered already: a cut connection is the one way left to say that it went wrong.
            log.LogInformation("Scoring by {Deployment} was cut short: {Reason}", served.Id, failure is ModelHubException ? failure.Message : failure.ToString());
            context.Abort();
        }

        void Start()
        {
            context.Response.ContentType = asCsv ? "text/csv; charset=utf-8" : "application/json";
            SetHeaders(context.Response, start, served, model);
        }
    }

    private void SetHeaders(HttpResponse response, long start, ServedDeployment served, LoadedModel model)
    {
        var headers = response.Headers;
        headers["X-DataRobot-Execution-Time"] = clock.GetElapsedTime(start).TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture);
        headers["X-DataRobot-Model-Id"] = model.HexId;
        headers["X-DataRobot-Deployment-Id"] = served.HexId;
    }

    private async Task PassAsync(HttpContext context, string deploymentId)
    {
        var start = clock.GetTimestamp();
        RequireShortLine(context);
        var served = await gate.OpenAsync(context.Caller(), deploymentId, context.RequestAborted);
        using var body = new MemoryStream();
        var chunk = new byte[1 << 16];
        while (await context.Request.Body.ReadAsync(chunk, context.RequestAborted) is > 0 and var read)
        {
            if (body.Length + read > MostUnstructured)
                throw new HttpRefusalException(413, "body_too_large", $"A body for an unstructured model has at most {MostUnstructured >> 20} MiB.");
            body.Write(chunk, 0, read);
        }
        var answer = await scoring.PassAsync(served, served.Champion, body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
        SetHeaders(context.Response, start, served, served.Champion);
        context.Response.ContentType = TypeOf(answer);
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }

    /// <summary>What an answer looks like: JSON, text, or bytes.</summary>
    private static string TypeOf(ReadOnlySpan<byte> answer)
    {
        if (!System.Text.Unicode.Utf8.IsValid(answer))
            return "application/octet-stream";
        var reader = new System.Text.Json.Utf8JsonReader(answer);
        try
        {
            while (reader.Read())
            {
            }
            return answer.IsEmpty ? "text/plain; charset=utf-8" : "application/json";
        }
        catch (System.Text.Json.JsonException)
        {
            return "text/plain; charset=utf-8";
        }
    }

    private static void RequireShortLine(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (context.Request.Method.Length + target.Length + " HTTP/1.1 ".Length > LongestRequestLine)
            throw new HttpRefusalException(414, "request_line_too_long", $"The request line is longer than {LongestRequestLine} bytes.");
    }

    private static bool WantsCsv(HttpRequest request)
    {
        foreach (var accept in request.Headers.Accept)
        {
            if (accept?.Contains("text/csv", StringComparison.OrdinalIgnoreCase) == true)
                return true;
        }
        return false;
    }

    /// <summary>The rows' format and bytes, unpacked, and out of their form when they come in one.</summary>
    private async ValueTask<(RowFormat Format, PipeReader Body)> OpenAsync(HttpRequest request, CancellationToken cancellation)
    {
        var type = request.ContentType;
        var isForm = FormFile.IsForm(type);
        var format = isForm ? RowFormat.Csv : FormatOf(type) ?? throw Unsupported("The content type is application/json, text/csv, text/plain or multipart/form-data.");
        var encoding = request.Headers.ContentEncoding.ToString();
        var body = encoding.ToUpperInvariant() switch
        {
            "" or "IDENTITY" => request.BodyReader,
            "GZIP" or "X-GZIP" => GzipBody.Open(request.Body, settings.LargestBody),
            _ => throw Unsupported("The content encoding is gzip, or none."),
        };
        if (!isForm)
            return (format, body);
        var file = await FormFile.OpenAsync(type!, body, "file", cancellation);
        return (FormatOf(file.ContentType) ?? RowFormat.Csv, file.Bytes);
    }

    private static HttpRefusalException Unsupported(string message) => new(415, "unsupported_media_type", message);

    private static RowFormat? FormatOf(string? type)
    {
        var end = type?.IndexOf(';', StringComparison.Ordinal) ?? -1;
        var media = (end < 0 ? type : type![..end])?.Trim();
        return media?.ToUpperInvariant() switch
        {
            null or "" or "TEXT/CSV" or "TEXT/PLAIN" or "APPLICATION/OCTET-STREAM" or "APPLICATION/X-WWW-FORM-URLENCODED" => RowFormat.Csv,
            "APPLICATION/JSON" => RowFormat.Json,
            _ => null,
        };
    }
}

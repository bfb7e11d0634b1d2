using System.Diagnostics;

namespace ModelHub.Api.Hosting;

/// <summary>One line per refused or slow request; the others are counted by telemetry, not written down.</summary>
internal sealed partial class RequestLog(RequestDelegate next, TimeProvider clock, ILogger<RequestLog> log)
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);

    public async Task InvokeAsync(HttpContext context)
    {
        var start = clock.GetTimestamp();
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        if (Activity.Current is { } activity)
            context.Response.Headers["X-Trace-Id"] = activity.TraceId.ToString();
        await next(context);
        var took = clock.GetElapsedTime(start);
        if (context.Response.StatusCode >= 500 || took > Slow)
            Answered(context.Request.Method, context.Request.Path, context.Response.StatusCode, (long)took.TotalMilliseconds);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Method} {Path} answered {Status} in {Milliseconds} ms")]
    private partial void Answered(string method, PathString path, int status, long milliseconds);
}

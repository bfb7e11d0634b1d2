using Microsoft.AspNetCore.Diagnostics;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Api.Errors;

/// <summary>The one funnel of failures. What is not ours to explain gets a fixed message and the trace id, never the exception's text.</summary>
internal sealed class HubExceptionHandler(ILogger<HubExceptionHandler> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellation)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = 499;
            return true;
        }
        if (exception is HttpRefusalException own)
        {
            await ProblemAnswer.WriteAsync(context, own.Status, own.Code, own.Message, null);
            return true;
        }
        // Kestrel says the one of a chunk whose length no number holds, and the other of all else that it cannot read.
        if (exception is IOException { InnerException: OverflowException } or BadHttpRequestException { StatusCode: 400 or 408 })
        {
            await ProblemAnswer.WriteAsync(context, 400, "malformed", "The request could not be read.", null);
            return true;
        }
        if (UnreadableText.Is(exception))
        {
            await ProblemAnswer.WriteAsync(context, 400, "malformed", "A text of the request has a null character or is not valid Unicode.", null);
            return true;
        }
        var refusal = exception switch
        {
            ModelHubException ours => ours,
            BadHttpRequestException { StatusCode: 413 } => new ModelHubException(ErrorKind.TooLarge, "body_too_large", "The body is too large."),
            _ when DatabaseDown.Is(exception) =>
                new ModelHubException(ErrorKind.Unavailable, "database_down", "The database does not answer; try again in a moment."),
            _ when FullStorage.Is(exception) => FullStorage.Refusal(exception),
            _ => new ModelHubException(ErrorKind.Internal, "internal", "Something went wrong in the hub."),
        };
        if (refusal.Kind == ErrorKind.Internal)
            log.LogError(exception, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
        await ProblemAnswer.WriteAsync(context, refusal);
        return true;
    }
}

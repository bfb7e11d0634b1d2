using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Dialects;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Errors;

/// <summary>
/// Turns every refusal, ours or the framework's, into a ProblemDetails, the inner form that each dialect's writer says in its own words.
/// </summary>
internal static class ProblemAnswer
{
    /// <summary>A refusal that is being thrown or returned.</summary>
    public static async Task WriteAsync(HttpContext context, ModelHubException refusal)
    {
        var dialect = context.RequestServices.GetRequiredService<DialectSet>().Of(context.Request.Path);
        if (refusal.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        await WriteAsync(context, dialect.StatusOf(refusal.Kind), refusal.Code, refusal.Message, refusal.Fields,
            refusal.Deployments?.Select(dialect.LinkToDeployment).ToArray());
    }

    /// <summary>An answer that ended with a status and no body: unknown route, wrong method, wrong content type, no key.</summary>
    public static Task ForBareStatusAsync(StatusCodeContext bare)
    {
        var status = bare.HttpContext.Response.StatusCode;
        var (code, message) = status switch
        {
            401 => ("unauthenticated", "A valid API key is needed."),
            403 => ("forbidden", "This is not allowed."),
            404 => ("not_found", "There is nothing here."),
            405 => ("method_not_allowed", "This method is not allowed here; see the Allow header."),
            413 => ("body_too_large", "The body is too large."),
            415 => ("unsupported_media_type", "This content type is not understood here."),
            _ => ("status_" + status.ToString(System.Globalization.CultureInfo.InvariantCulture), "The request was refused."),
        };
        return WriteAsync(bare.HttpContext, status, code, message, null);
    }

    public static async Task WriteAsync(
        HttpContext context, int status, string code, string message, IReadOnlyDictionary<string, string>? fields, string[]? deployments = null)
    {
        context.Response.StatusCode = status;
        if (status == 401)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        if (status is 429 or 503 && context.Response.Headers.RetryAfter.Count == 0)
            context.Response.Headers.RetryAfter = "1";
        var problem = new ProblemDetails
        {
            Type = $"https://modelhub.invalid/problems/{code}",
            Title = message,
            Status = status,
            Detail = message,
            Extensions = { ["code"] = code, ["traceId"] = Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier },
        };
        if (fields is not null)
            problem.Extensions["errors"] = fields;
        if (deployments is not null)
            problem.Extensions["deployments"] = deployments;
        await context.RequestServices.GetRequiredService<IProblemDetailsService>()
            .WriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = problem });
    }
}

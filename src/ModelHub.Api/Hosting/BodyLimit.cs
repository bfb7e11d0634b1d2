using Microsoft.AspNetCore.Http.Features;
using ModelHub.Api.Dialects;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Hosting;

/// <summary>Refuses a body by its announced length before any of it is read, and bounds one that announces nothing.</summary>
internal sealed class BodyLimit(RequestDelegate next, DialectSet dialects, HubSettings settings)
{
    public Task InvokeAsync(HttpContext context)
    {
        Set(context, dialects.Of(context.Request.Path).LargestBody ?? settings.LargestBody);
        return next(context);
    }

    /// <exception cref="ModelHubException">The body is said to be longer.</exception>
    public static void Set(HttpContext context, long limit)
    {
        if (context.Request.ContentLength > limit)
            throw new ModelHubException(ErrorKind.TooLarge, "body_too_large", $"The body is larger than {limit} bytes.");
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = limit;
    }
}

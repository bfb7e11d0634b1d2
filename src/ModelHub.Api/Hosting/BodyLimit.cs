using Microsoft.AspNetCore.Http.Features;
using ModelHub.Api.Bodies;
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
    public static void Set(HttpContext context, long? limit)
    {
        if (context.Request.ContentLength > limit)
            throw TooLarge(limit);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = limit;
    }

    /// <summary>
    /// Bounds a body that is held whole. Where the server's own bound is met by one that announced nothing, it cuts the connection, and who still sends may
    /// never hear why; what is counted here is read on by <see cref="RefusedBody"/>.
    /// </summary>
    /// <exception cref="ModelHubException">The body is said to be longer.</exception>
    public static void Hold(HttpContext context, long limit)
    {
        if (context.Request.ContentLength > limit)
            throw TooLarge(limit);
        if (context.Request.ContentLength is not null)
            return;
        Set(context, null);
        HashedBody.Add(context, new Counted(limit));
    }

    private static ModelHubException TooLarge(long? limit) => new(ErrorKind.TooLarge, "body_too_large", $"The body is larger than {limit} bytes.");

    private sealed class Counted(long limit) : IBodyHash
    {
        private long _count;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            _count += bytes.Length;
            End();
        }

        public void End()
        {
            if (_count > limit)
                throw TooLarge(limit);
        }

        public void Dispose()
        {
        }
    }
}

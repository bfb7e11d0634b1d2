using ModelHub.Api.Access;
using ModelHub.Api.Bodies;
using ModelHub.Api.Errors;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Hosting;

/// <summary>A route that is answered before the pipeline: its path is known by its shape, its key by the same cache.</summary>
/// <param name="Prefix">What the path begins with, up to the id.</param>
/// <param name="Suffix">What follows the id.</param>
internal sealed record ShortRoute(string Prefix, string Suffix, Func<HttpContext, string, Task> AnswerAsync);

/// <summary>
/// Takes scoring past the middleware that other routes need: routing, authentication schemes, policies, pages. For a single row these
/// cost more than parsing and scoring together (docs/benchmarks/serving.md). The same routes are mapped as endpoints as well, which is
/// where they are documented; anything unusual about a request leaves it to them.
/// </summary>
internal sealed class Shortcut(RequestDelegate next, IEnumerable<ShortRoute> routes, KeyCache keys, HubSettings settings, HubExceptionHandler failures)
{
    private readonly ShortRoute[] _routes = [.. routes];

    public Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.ContentLength > settings.LargestBody
            || BodyDigests.AreSent(context.Request.Headers))
            return next(context);
        var path = context.Request.Path.Value!;
        foreach (var route in _routes)
        {
            var length = path.Length - route.Prefix.Length - route.Suffix.Length;
            if (length is 24 or 36 && path.StartsWith(route.Prefix, StringComparison.Ordinal) && path.EndsWith(route.Suffix, StringComparison.Ordinal))
                return AnswerAsync(context, route, path.Substring(route.Prefix.Length, length));
        }
        return next(context);
    }

    private async Task AnswerAsync(HttpContext context, ShortRoute route, string id)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            var caller = ApiKeyHandler.SecretOf(context.Request.Headers.Authorization.ToString()) is { } secret
                ? await keys.FindAsync(secret, context.RequestAborted) : null;
            context.Features.Set(caller ?? throw ModelHubException.Unauthenticated());
            await route.AnswerAsync(context, id);
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await failures.TryHandleAsync(context, failure, context.RequestAborted);
        }
    }
}

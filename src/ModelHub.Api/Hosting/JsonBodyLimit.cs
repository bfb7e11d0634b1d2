using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Hosting;

/// <summary>
/// Bounds bodies that become objects before an action runs: what the server takes otherwise is meant for files, which are streamed. Actions that take
/// rows say their own bound by <c>[RequestSizeLimit]</c>.
/// </summary>
internal sealed class JsonBodyLimit : IResourceFilter
{
    /// <summary>Names, settings, lists of columns.</summary>
    public const long Plain = 4 << 20;

    /// <summary>Of rows as records; longer ones are for batches.</summary>
    public const long Rows = 16 << 20;

    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        if (!context.ActionDescriptor.Parameters.Any(p => p.BindingInfo?.BindingSource == BindingSource.Body))
            return;
        var own = context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IRequestSizeLimitMetadata>();
        var limit = own is null ? Plain : own.MaxRequestBodySize ?? long.MaxValue;
        if (context.HttpContext.Request.ContentLength > limit)
            throw new ModelHubException(ErrorKind.TooLarge, "body_too_large", $"The body is larger than {limit} bytes.");
        if (context.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = limit;
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
    }
}

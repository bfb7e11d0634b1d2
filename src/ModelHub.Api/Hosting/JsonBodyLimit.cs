using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;

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
        BodyLimit.Hold(context.HttpContext, own is null ? Plain : own.MaxRequestBodySize ?? long.MaxValue);
    }

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
    }
}

using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ModelHub.Api.Documentation;

/// <summary>An action with several routes (the automl dialect's) keeps its id on the first; on the others the path makes it distinct.</summary>
internal sealed class DistinctOperationIds : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, item) in swaggerDoc.Paths.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            foreach (var (method, operation) in item.Operations ?? [])
            {
                operation.OperationId ??= method.Method;
                if (taken.Add(operation.OperationId))
                    continue;
                operation.OperationId += "_" + string.Join('_', path.Split(['/', '{', '}', '.', '-', ':'], StringSplitOptions.RemoveEmptyEntries));
                if (!taken.Add(operation.OperationId))
                    taken.Add(operation.OperationId += "_" + method.Method.ToLowerInvariant());
            }
        }
    }
}

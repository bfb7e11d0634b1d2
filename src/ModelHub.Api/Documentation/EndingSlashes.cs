using Microsoft.OpenApi;
using ModelHub.Api.Dialects;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ModelHub.Api.Documentation;

/// <summary>Writes a dialect's paths as its vendor does, so that generated clients ask for the very same.</summary>
internal sealed class EndingSlashes(DialectSet dialects) : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        if (!dialects.Named(context.DocumentName).EndsPathsWithSlash)
            return;
        var paths = new OpenApiPaths();
        foreach (var (path, item) in swaggerDoc.Paths)
            paths[path.TrimEnd('/') + "/"] = item;
        swaggerDoc.Paths = paths;
    }
}

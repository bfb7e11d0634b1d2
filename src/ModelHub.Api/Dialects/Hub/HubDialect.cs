using Microsoft.AspNetCore.Mvc;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>The hub's own dialect: snake_case JSON, RFC 9457 errors. Owns every path that no other dialect does.</summary>
internal sealed class HubDialect : Dialect
{
    public override string Name => "hub";

    public override string Title => "ModelHub";

    public override string Folder => "Hub";

    public override bool Owns(PathString path) => true;

    public override Task WriteProblemAsync(HttpContext context, ProblemDetails problem) =>
        context.Response.WriteAsJsonAsync(problem, options: null, "application/problem+json", context.RequestAborted);
}

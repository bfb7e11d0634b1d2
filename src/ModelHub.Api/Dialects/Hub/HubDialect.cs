using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Dialects.Hub.Wire;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>The hub's own dialect: snake_case JSON, RFC 9457 errors. Owns every path that no other dialect does.</summary>
internal sealed class HubDialect : Dialect
{
    public override string Name => "hub";

    public override string Title => "ModelHub";

    public override string Folder => "Hub";

    public override bool Owns(PathString path) => true;

    public override Type RefusalBody => typeof(ProblemWire);

    public override string RefusalType => "application/problem+json";

    public override Task WriteProblemAsync(HttpContext context, ProblemDetails problem) =>
        context.Response.WriteAsJsonAsync(problem, options: null, RefusalType, context.RequestAborted);
}

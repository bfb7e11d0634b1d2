using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.Registry;

/// <summary>Wallaroo's API: POST for everything, integer ids; errors are <c>{"code": status, "msg"}</c>.</summary>
internal sealed class RegistryDialect : Dialect
{
    public override string Name => "registry";

    public const string Heading = "Registry (Wallaroo)";

    public override string Title => Heading;

    public override string Folder => "Registry";

    public override bool Owns(PathString path) => path.StartsWithSegments("/v1/api", StringComparison.OrdinalIgnoreCase);

    public override int StatusOf(ErrorKind kind) => kind == ErrorKind.Invalid ? 400 : base.StatusOf(kind);

    public override Type RefusalBody => typeof(ErrorWire);

    public override Task WriteProblemAsync(HttpContext context, ProblemDetails problem) => context.Response.WriteAsJsonAsync(
        new ErrorWire { Code = problem.Status ?? context.Response.StatusCode, Message = problem.Detail ?? "" }, context.RequestAborted);
}

using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Dialects.OpenInference.Wire;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.OpenInference;

/// <summary>The Open Inference Protocol v2, as the clients of KServe, Triton and MLServer speak it; errors are <c>{"error"}</c>.</summary>
internal sealed class OpenInferenceDialect : Dialect
{
    public override string Name => "open-inference";

    public override string Title => "Open Inference Protocol v2";

    public override string Folder => "OpenInference";

    /// <summary>Tensors are held in memory as a whole, their values beside the body.</summary>
    public override long? LargestBody => 64L << 20;

    public override bool Owns(PathString path) => path.StartsWithSegments("/v2", StringComparison.OrdinalIgnoreCase);

    public override int StatusOf(ErrorKind kind) => kind == ErrorKind.Invalid ? 400 : base.StatusOf(kind);

    public override Type RefusalBody => typeof(ErrorWire);

    public override Task WriteProblemAsync(HttpContext context, ProblemDetails problem) =>
        context.Response.WriteAsJsonAsync(new ErrorWire { Error = problem.Detail ?? "" }, context.RequestAborted);
}

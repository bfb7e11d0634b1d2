using ModelHub.Api.Dialects;

namespace ModelHub.Api.Errors;

/// <summary>Hands a problem to the dialect that the path belongs to.</summary>
internal sealed class DialectProblemWriter(DialectSet dialects) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context) =>
        new(dialects.Of(context.HttpContext.Request.Path).WriteProblemAsync(context.HttpContext, context.ProblemDetails));
}

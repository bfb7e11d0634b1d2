using Microsoft.AspNetCore.Mvc;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary>DataRobot's prediction API: rows as CSV or JSON in, predictions as JSON or CSV out; errors are <c>{"message"}</c>.</summary>
internal sealed class PredictionsDialect : Dialect
{
    public override string Name => "predictions";

    public override string Title => "Prediction API";

    public override string Folder => "Predictions";

    public override bool Owns(PathString path) =>
        path.StartsWithSegments("/predApi", StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments("/v1.0", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/deployments", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is wrong with the request is 400 here.</summary>
    public override int StatusOf(ErrorKind kind) => kind == ErrorKind.Invalid ? 400 : base.StatusOf(kind);

    public override Type RefusalBody => typeof(MessageWire);

    public override Task WriteProblemAsync(HttpContext context, ProblemDetails problem)
    {
        // Clients of this dialect take 400 for everything about the rows.
        return context.Response.WriteAsJsonAsync(new { message = problem.Detail }, context.RequestAborted);
    }
}

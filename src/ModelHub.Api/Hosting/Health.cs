using ModelHub.Infrastructure.Storage;

namespace ModelHub.Api.Hosting;

internal static class Health
{
    /// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: the database does, too.</summary>
    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Json(new { status = "live" })).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/health/ready", async (HubDatabase database, CancellationToken cancellation) =>
            await database.AnswersAsync(cancellation)
                ? Results.Json(new { status = "ready" })
                : throw new Application.Errors.ModelHubException(
                    Application.Errors.ErrorKind.Unavailable, "database_down", "The database does not answer."))
            .AllowAnonymous().ExcludeFromDescription();
    }
}

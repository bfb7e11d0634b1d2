using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using Npgsql;

namespace ModelHub.Application.Storage;

public static class UniqueViolation
{
    /// <summary>Saves; what PostgreSQL refuses as a duplicate becomes a conflict. Asking first would race with the next request.</summary>
    public static async Task SaveOrConflictAsync(this HubDbContext db, string code, string message, CancellationToken cancellation)
    {
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException refused) when (refused.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw ModelHubException.Conflict(code, message);
        }
    }
}

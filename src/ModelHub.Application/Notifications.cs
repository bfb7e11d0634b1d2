using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Storage;

namespace ModelHub.Application;

/// <summary>Channels of PostgreSQL's NOTIFY; sent in the transaction of the change, heard by every process after its commit.</summary>
public static class Notifications
{
    /// <summary>Work was queued.</summary>
    public const string Jobs = "modelhub_jobs";

    /// <summary>A key was revoked or a user deleted.</summary>
    public const string Keys = "modelhub_keys";

    /// <summary>A model was deleted (its id), a deployment changed (<c>id:revision</c>) or was deleted (its id), or anything may have (nothing).</summary>
    public const string Serving = "modelhub_serving";

    /// <summary>Whom a payload names; null for everything.</summary>
    public static Guid? IdOf(string payload) => payload.Length >= 36 && Guid.TryParseExact(payload.AsSpan(0, 36), "D", out var id) ? id : null;

    /// <summary>The revision in a payload; the last there can be when the thing was deleted.</summary>
    public static long RevisionOf(string payload) => payload.Length > 37 && long.TryParse(payload.AsSpan(37), out var revision) ? revision : long.MaxValue;

    /// <summary>Sends with the commit of the transaction, or at once when there is none.</summary>
    internal static Task NotifyAsync(this HubDbContext db, string channel, string payload, CancellationToken cancellation) =>
        db.Database.ExecuteSqlAsync($"select pg_notify({channel}, {payload})", cancellation);
}

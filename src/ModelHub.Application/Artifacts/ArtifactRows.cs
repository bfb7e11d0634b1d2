using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Artifacts;

/// <summary>Names stored bytes in the database, in the transaction of whatever refers to them.</summary>
public static class ArtifactRows
{
    /// <summary>Makes sure of the row; the row lock keeps the orphan sweep away until the transaction ends.</summary>
    public static Task EnsureAsync(HubDbContext db, StoredArtifact stored, DateTimeOffset now, CancellationToken cancellation) =>
        db.Database.ExecuteSqlAsync(
            $"""
             insert into artifacts (sha256, size, created_at) values ({stored.Sha256}, {stored.Size}, {now})
             on conflict (sha256) do update set created_at = excluded.created_at
             """, cancellation);
}

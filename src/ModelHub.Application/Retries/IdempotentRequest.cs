using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Identity;

namespace ModelHub.Application.Retries;

/// <summary>A request under an idempotency key: under way, or answered.</summary>
public sealed class IdempotentRequest
{
    /// <summary>Longest key, in characters.</summary>
    public const int LongestKey = 255;

    /// <summary>Longest body of an answer that is kept, in bytes.</summary>
    public const int LongestBody = 64 << 10;

    public Guid UserId { get; init; }

    public string Key { get; init; } = "";

    /// <summary>The attempt that holds the key or has answered.</summary>
    public Guid Claim { get; init; }

    /// <summary>From when on the key is free again. While the request is under way, the end of a lease that is renewed.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>HTTP status of the answer; null while the request is under way, as what follows is.</summary>
    public int? Status { get; init; }

    /// <summary>SHA-256 of what was asked.</summary>
    public byte[]? Fingerprint { get; init; }

    public string? ContentType { get; init; }

    public string? Location { get; init; }

    public byte[]? Body { get; init; }
}

internal sealed class IdempotentRequestStorage : IEntityTypeConfiguration<IdempotentRequest>
{
    public void Configure(EntityTypeBuilder<IdempotentRequest> e)
    {
        e.ToTable("idempotent_requests");
        e.HasKey(r => new { r.UserId, r.Key });
        e.Property(r => r.Key).HasMaxLength(IdempotentRequest.LongestKey);
        e.HasIndex(r => r.ExpiresAt);
        e.HasOne<User>().WithMany().HasForeignKey(r => r.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Insights;

public enum InsightKind
{
    FeatureImpact,

    /// <summary>What prediction explanations compare rows with.</summary>
    Explanations,

    /// <summary>What it does with some data, as a trained model is explained.</summary>
    Behaviour,
}

/// <summary>Something that was found out about a version by asking it; the newest replaces the one before.</summary>
public sealed class VersionInsight
{
    private VersionInsight()
    {
    }

    public VersionInsight(Guid versionId, InsightKind kind, string content, DateTimeOffset now) =>
        (VersionId, Kind, Content, CreatedAt) = (versionId, kind, content, now);

    public Guid VersionId { get; private set; }

    public InsightKind Kind { get; private set; }

    /// <summary>JSON.</summary>
    public string Content { get; private set; } = "{}";

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Keeps what was found out in place of what was known; saved with the caller's unit of work.</summary>
    internal static async Task PutAsync(HubDbContext db, Guid versionId, InsightKind kind, string content, DateTimeOffset now)
    {
        if (!await db.Set<CustomModelVersion>().AnyAsync(v => v.Id == versionId))
            return; // it was deleted meanwhile
        if (await db.Set<VersionInsight>().FirstOrDefaultAsync(i => i.VersionId == versionId && i.Kind == kind) is { } before)
            (before.Content, before.CreatedAt) = (content, now);
        else
            db.Add(new VersionInsight(versionId, kind, content, now));
    }
}

internal sealed class VersionInsightStorage : IEntityTypeConfiguration<VersionInsight>
{
    public void Configure(EntityTypeBuilder<VersionInsight> e)
    {
        e.ToTable("custom_model_insights");
        e.HasKey(i => new { i.VersionId, i.Kind });
        e.Property(i => i.Content).IsJson();
        e.HasOne<CustomModelVersion>().WithMany().HasForeignKey(i => i.VersionId).OnDelete(DeleteBehavior.Cascade);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;

namespace ModelHub.Application.Experiments;

/// <summary>
/// One trial of a running search on one fold: claimed by the worker whose lease is named, and done when it has an artifact. The parts of a
/// search go when it ends.
/// </summary>
public sealed class SearchPart
{
    private SearchPart()
    {
    }

    public Guid ExperimentId { get; private set; }

    /// <summary>Number of the trial, fold, and a digest of the trial's parameters.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The lease token of the job that computes it; the claim holds as long as that lease.</summary>
    public Guid Holder { get; private set; }

    public string? ArtifactSha256 { get; private set; }

    /// <summary>Of the search's time when the part was done.</summary>
    public double UsedSeconds { get; private set; }
}

internal sealed class SearchPartMapping : IEntityTypeConfiguration<SearchPart>
{
    public void Configure(EntityTypeBuilder<SearchPart> part)
    {
        part.ToTable("SearchParts");
        part.HasKey(p => new { p.ExperimentId, p.Name });
        part.Property(p => p.Name).HasMaxLength(40);
        part.HasIndex(p => p.ArtifactSha256);
        part.HasOne<Experiment>().WithMany().HasForeignKey(p => p.ExperimentId).OnDelete(DeleteBehavior.Cascade);
        part.HasOne<Artifact>().WithMany().HasForeignKey(p => p.ArtifactSha256).OnDelete(DeleteBehavior.Restrict);
    }
}

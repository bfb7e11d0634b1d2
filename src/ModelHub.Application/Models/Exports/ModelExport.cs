using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;

namespace ModelHub.Application.Models.Exports;

/// <summary>A model in another format than ours, and how far its predictions are from ours.</summary>
public sealed class ModelExport
{
    private ModelExport()
    {
    }

    public ModelExport(Guid modelId, StoredArtifact stored, double largestDifference, int rows, bool onValidation, DateTimeOffset now)
    {
        ModelId = modelId;
        ArtifactSha256 = stored.Sha256;
        SizeBytes = stored.Size;
        LargestDifference = largestDifference;
        Rows = rows;
        OnValidation = onValidation;
        CreatedAt = now;
    }

    public Guid ModelId { get; private set; }

    public string ArtifactSha256 { get; private set; } = "";

    public long SizeBytes { get; private set; }

    /// <summary>The largest absolute difference of any probability, or of the value, over <see cref="Rows"/>.</summary>
    public double LargestDifference { get; private set; }

    public int Rows { get; private set; }

    /// <summary>Whether the rows are the experiment's validation rows; else they are those of its folds.</summary>
    public bool OnValidation { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
}

internal sealed class ModelExportStorage : IEntityTypeConfiguration<ModelExport>
{
    public void Configure(EntityTypeBuilder<ModelExport> e)
    {
        e.ToTable("model_exports");
        e.HasKey(x => x.ModelId);
        e.HasOne<Model>().WithOne().HasForeignKey<ModelExport>(x => x.ModelId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Artifact>().WithMany().HasForeignKey(x => x.ArtifactSha256).OnDelete(DeleteBehavior.Restrict);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Conversions;

/// <summary>A run of one of a version's files as a program, whose files become part of what the version runs with.</summary>
public sealed class Conversion
{
    public const int MostOutputs = 50;

    private Conversion()
    {
    }

    public Conversion(Guid id, Guid versionId, Guid itemId, Guid jobId, DateTimeOffset now) =>
        (Id, VersionId, ItemId, JobId, CreatedAt) = (id, versionId, itemId, jobId, now);

    public Guid Id { get; private set; }

    public Guid VersionId { get; private set; }

    /// <summary>The file that is run.</summary>
    public Guid ItemId { get; private set; }

    public Guid JobId { get; private set; }

    public bool ShouldStop { get; private set; }

    /// <summary>Null until it has ended.</summary>
    public bool? Succeeded { get; private set; }

    public string Log { get; private set; } = "";

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>What it made, in the order of paths.</summary>
    public List<ConversionOutput> Outputs { get; private set; } = [];

    public void Stop()
    {
        if (EndedAt is not null)
            throw ModelHubException.Invalid("conversionId", "The conversion has ended already.");
        ShouldStop = true;
    }

    public void End(bool succeeded, string log, DateTimeOffset now)
    {
        if (EndedAt is null)
            (Succeeded, Log, EndedAt) = (succeeded, log.Replace("\0", "", StringComparison.Ordinal), now);
    }
}

/// <summary>A file that a conversion made.</summary>
public sealed class ConversionOutput
{
    private ConversionOutput()
    {
    }

    public ConversionOutput(Guid conversionId, string path, StoredArtifact bytes, IReadOnlyList<string> columns) =>
        (ConversionId, Path, Sha256, Size, Columns) = (conversionId, path, bytes.Sha256, bytes.Size, columns);

    public Guid ConversionId { get; private set; }

    public string Path { get; private set; } = "";

    public string Sha256 { get; private set; } = "";

    public long Size { get; private set; }

    /// <summary>Of a CSV, the names in its first line; of any other file, its own name.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];
}

internal sealed class ConversionStorage : IEntityTypeConfiguration<Conversion>, IEntityTypeConfiguration<ConversionOutput>
{
    public void Configure(EntityTypeBuilder<Conversion> e)
    {
        e.ToTable("custom_model_conversions");
        e.HasIndex(c => new { c.VersionId, c.CreatedAt });
        e.HasIndex(c => c.JobId);
        e.HasOne<CustomModelVersion>().WithMany().HasForeignKey(c => c.VersionId).OnDelete(DeleteBehavior.Cascade);
        e.HasMany(c => c.Outputs).WithOne().HasForeignKey(o => o.ConversionId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<ConversionOutput> e)
    {
        e.ToTable("custom_model_conversion_outputs");
        e.HasKey(o => new { o.ConversionId, o.Path });
        e.Property(o => o.Path).HasMaxLength(1000);
        e.Property(o => o.Sha256).HasMaxLength(64);
        e.Property(o => o.Columns).IsJson();
        e.HasIndex(o => o.Sha256);
        e.HasOne<Artifact>().WithMany().HasForeignKey(o => o.Sha256).OnDelete(DeleteBehavior.Restrict);
    }
}

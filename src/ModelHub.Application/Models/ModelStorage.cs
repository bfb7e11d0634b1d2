using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Experiments;
using ModelHub.Application.Storage;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Models;

/// <summary>How models are stored. Indexes of lists hold all that decides which rows belong to a page, so that rows before it are never fetched.</summary>
internal sealed class ModelStorage : IEntityTypeConfiguration<Model>
{
    private const string Listed = "artifact_sha256 is not null";

    public void Configure(EntityTypeBuilder<Model> e)
    {
        e.Property(m => m.Name).HasMaxLength(200);
        e.Property(m => m.Algorithm).HasMaxLength(50);
        e.Property(m => m.Task).HasMaxLength(20);
        e.Property(m => m.Number).HasDefaultValueSql($"nextval('{HubDbContext.NumberSequence}')");
        e.Property(m => m.VersionNumber).HasDefaultValueSql($"nextval('{HubDbContext.NumberSequence}')");
        e.HasIndex(m => m.Number).IsUnique();
        e.HasIndex(m => m.VersionNumber).IsUnique();
        e.Property(m => m.Metrics).IsJson();
        foreach (var metric in ModelLists.Sortable)
        {
            // A column per metric to sort by, kept by the database itself; its index is read forwards for the better first, backwards for the worse.
            var column = ModelLists.Column(metric);
            e.Property<double?>(column).HasComputedColumnSql($"(metrics ->> '{metric}')::double precision", stored: true);
            e.HasIndex(column, nameof(Model.Id)).IsDescending(!MetricDirection.IsLoss(metric), false)
                .IncludeProperties(nameof(Model.ProjectId), nameof(Model.ExperimentId))
                .HasFilter($"{Listed} and {column} is not null").HasDatabaseName("ix_models_by_" + metric);
        }
        // The migration also makes an index of its trigrams where PostgreSQL has them.
        e.Property<string>(ModelLists.SearchText).HasComputedColumnSql("lower(name || E'\\n' || algorithm)", stored: true);
        e.HasIndex(nameof(Model.CreatedAt), nameof(Model.Id)).IsDescending(true, false)
            .IncludeProperties(nameof(Model.ProjectId), nameof(Model.ExperimentId), nameof(Model.Algorithm), nameof(Model.IsBest), ModelLists.SearchText)
            .HasFilter(Listed).HasDatabaseName("ix_models_newest");
        e.Property(m => m.Parameters).IsJson();
        e.Property(m => m.Report).IsJson();
        e.Property(m => m.Lineage).IsJson();
        e.HasIndex(m => new { m.ProjectId, m.CreatedAt });
        e.HasIndex(m => m.ProjectId).HasFilter(Listed).HasDatabaseName("ix_models_trained");
        e.HasIndex(m => m.ExperimentId);
        e.HasIndex(m => m.ArtifactSha256);
        e.HasOne<Experiment>().WithMany().HasForeignKey(m => m.ExperimentId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Artifact>().WithMany().HasForeignKey(m => m.ArtifactSha256).OnDelete(DeleteBehavior.Restrict);
    }
}

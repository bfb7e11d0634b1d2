using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Deployments;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Pipelines;

internal sealed class PipelineStorage : IEntityTypeConfiguration<Pipeline>, IEntityTypeConfiguration<PipelineVersion>
{
    public void Configure(EntityTypeBuilder<Pipeline> e)
    {
        e.ToTable("pipelines");
        e.Property(p => p.Number).HasDefaultValueSql($"nextval('{HubDbContext.NumberSequence}')");
        e.HasIndex(p => p.Number).IsUnique();
        e.Property(p => p.Name).HasMaxLength(63);
        e.HasIndex(p => new { p.ProjectId, p.Name }).IsUnique();
        e.HasIndex(p => p.DeploymentNumber);
        e.HasOne<Project>().WithMany().HasForeignKey(p => p.ProjectId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Deployment>().WithMany().HasForeignKey(p => p.DeploymentId).OnDelete(DeleteBehavior.SetNull);
        e.HasMany(p => p.Versions).WithOne().HasForeignKey(v => v.PipelineId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<PipelineVersion> e)
    {
        e.ToTable("pipeline_versions");
        e.Property(v => v.Number).HasDefaultValueSql($"nextval('{HubDbContext.NumberSequence}')");
        e.HasIndex(v => v.Number).IsUnique();
        e.Property(v => v.Definition).IsJson();
    }
}

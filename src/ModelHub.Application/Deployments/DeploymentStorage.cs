using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Deployments;

internal sealed class DeploymentStorage
    : IEntityTypeConfiguration<Deployment>, IEntityTypeConfiguration<DeploymentModel>, IEntityTypeConfiguration<DeploymentEvent>,
        IEntityTypeConfiguration<ServingNode>, IEntityTypeConfiguration<ServingConfirmation>
{
    public void Configure(EntityTypeBuilder<Deployment> e)
    {
        e.ToTable("deployments");
        e.Property(d => d.Name).HasMaxLength(Names.Longest);
        e.Property(d => d.Description).HasMaxLength(10_000);
        e.Property(d => d.Revision).IsConcurrencyToken();
        e.Property(d => d.Settings).IsJson();
        e.Ignore(d => d.ChampionId);
        e.HasIndex(d => new { d.ProjectId, d.CreatedAt });
        e.HasMany(d => d.Models).WithOne().HasForeignKey(m => m.DeploymentId).OnDelete(DeleteBehavior.Cascade);

        // Not by cascade: a project with something deployed is not to be deleted.
        e.HasOne<Project>().WithMany().HasForeignKey(d => d.ProjectId).OnDelete(DeleteBehavior.NoAction);
    }

    public void Configure(EntityTypeBuilder<DeploymentModel> e)
    {
        e.ToTable("deployment_models");
        e.HasKey(m => new { m.DeploymentId, m.ModelId });
        e.HasIndex(m => m.ModelId);
    }

    public void Configure(EntityTypeBuilder<DeploymentEvent> e)
    {
        e.ToTable("deployment_events");
        e.Property(v => v.Reason).HasMaxLength(2000);
        e.Property(v => v.By).HasMaxLength(100);
        e.HasIndex(v => new { v.DeploymentId, v.At });
        e.HasOne<Deployment>().WithMany().HasForeignKey(v => v.DeploymentId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<ServingNode> e)
    {
        e.ToTable("serving_nodes");
        e.HasKey(n => n.Id);
    }

    public void Configure(EntityTypeBuilder<ServingConfirmation> e)
    {
        e.ToTable("serving_confirmations");
        e.HasKey(c => new { c.NodeId, c.DeploymentId });
        e.HasOne<ServingNode>().WithMany().HasForeignKey(c => c.NodeId).OnDelete(DeleteBehavior.Cascade);
    }
}

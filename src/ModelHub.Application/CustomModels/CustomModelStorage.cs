using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Environments;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

internal sealed class CustomModelStorage
    : IEntityTypeConfiguration<CustomModel>, IEntityTypeConfiguration<CustomModelGrant>, IEntityTypeConfiguration<CustomModelVersion>,
        IEntityTypeConfiguration<CustomModelFile>
{
    public void Configure(EntityTypeBuilder<CustomModel> e)
    {
        e.ToTable("custom_models");
        e.Property(m => m.Number).HasDefaultValueSql($"nextval('{HubDbContext.NumberSequence}')");
        e.HasIndex(m => m.Number).IsUnique();
        e.Property(m => m.Name).HasMaxLength(255);
        e.Property(m => m.Description).HasMaxLength(10_000);
        e.Property(m => m.Language).HasMaxLength(500);
        e.Property(m => m.Target).IsJson();
        e.Property(m => m.Runtime).IsJson();
        e.Property(m => m.TrainingData).IsJson();
        e.Property(m => m.Git).IsJson();
        e.Property(m => m.Extra).IsJson();
        e.Property(m => m.UserProvidedId).HasMaxLength(100);
        e.HasIndex(m => new { m.ProjectId, m.UserProvidedId }).IsUnique();
        e.HasIndex(m => new { m.ProjectId, m.Name });
        e.HasIndex(m => m.CreatedAt);
        e.HasOne<Project>().WithMany().HasForeignKey(m => m.ProjectId).OnDelete(DeleteBehavior.Cascade);
        e.HasMany(m => m.Grants).WithOne().HasForeignKey(g => g.ModelId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<CustomModelGrant> e)
    {
        e.ToTable("custom_model_grants");
        e.HasKey(g => new { g.ModelId, g.UserId });
        e.HasIndex(g => g.UserId);
        e.HasOne<User>().WithMany().HasForeignKey(g => g.UserId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<CustomModelVersion> e)
    {
        e.ToTable("custom_model_versions");
        e.Property(v => v.Number).HasDefaultValueSql($"nextval('{HubDbContext.NumberSequence}')");
        e.HasIndex(v => v.Number).IsUnique();
        e.Ignore(v => v.Label);
        e.Ignore(v => v.HasCode);
        e.Property(v => v.Description).HasMaxLength(10_000);
        e.Property(v => v.Runtime).IsJson();
        e.Property(v => v.TrainingData).IsJson();
        e.Property(v => v.HoldoutData).IsJson();
        e.Property(v => v.Git).IsJson();
        e.Property(v => v.Dependencies).IsJson();
        e.Property(v => v.Metadata).IsJson();
        e.Property(v => v.Framework).HasMaxLength(50);
        e.Property(v => v.Conversion).IsJson();
        e.Property(v => v.UploadSha256).HasMaxLength(64);
        e.Property(v => v.ErrorSummary).HasMaxLength(10_000);
        e.Property(v => v.Extra).IsJson();
        e.HasIndex(v => new { v.ModelId, v.Major, v.Minor }).IsUnique();
        e.HasIndex(v => v.UploadSha256);
        e.HasIndex(v => v.EnvironmentId);
        e.HasOne<CustomModel>().WithMany().HasForeignKey(v => v.ModelId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Artifact>().WithMany().HasForeignKey(v => v.UploadSha256).OnDelete(DeleteBehavior.Restrict);
        e.HasOne<ExecutionEnvironment>().WithMany().HasForeignKey(v => v.EnvironmentId).OnDelete(DeleteBehavior.SetNull);
        e.HasOne<EnvironmentVersion>().WithMany().HasForeignKey(v => v.EnvironmentVersionId).OnDelete(DeleteBehavior.SetNull);
        e.HasMany(v => v.Files).WithOne().HasForeignKey(f => f.VersionId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<CustomModelFile> e)
    {
        e.ToTable("custom_model_files");
        e.Property(f => f.Path).HasMaxLength(1000);
        e.Property(f => f.Sha256).HasMaxLength(64);
        e.Property(f => f.Origin).IsJson();
        e.HasIndex(f => new { f.VersionId, f.Path }).IsUnique();
        e.HasIndex(f => f.Sha256);
        e.HasOne<Artifact>().WithMany().HasForeignKey(f => f.Sha256).OnDelete(DeleteBehavior.Restrict);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Environments;

internal sealed class EnvironmentStorage
    : IEntityTypeConfiguration<ExecutionEnvironment>, IEntityTypeConfiguration<EnvironmentGrant>, IEntityTypeConfiguration<EnvironmentVersion>
{
    private static readonly DateTimeOffset Beginning = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public void Configure(EntityTypeBuilder<ExecutionEnvironment> e)
    {
        e.ToTable("execution_environments");
        e.Property(x => x.Name).HasMaxLength(255);
        e.Property(x => x.Description).HasMaxLength(10_000);
        e.Property(x => x.Language).HasMaxLength(20);
        e.Property(x => x.UseCases).IsJson();
        e.Ignore(x => x.IsBuiltIn);
        e.HasIndex(x => x.CreatedAt);
        e.HasOne<User>().WithMany().HasForeignKey(x => x.OwnerId).OnDelete(DeleteBehavior.Restrict);
        e.HasMany(x => x.Grants).WithOne().HasForeignKey(g => g.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
        e.HasData(new
        {
            Id = ExecutionEnvironment.BuiltInId, Name = "Python 3 on this host",
            Description = "The Python of the machine that the hub runs on, in a sandbox.", Language = "python",
            UseCases = (IReadOnlyList<string>)["customModel"], IsPublic = true, CreatedAt = Beginning,
        });
    }

    public void Configure(EntityTypeBuilder<EnvironmentGrant> e)
    {
        e.ToTable("environment_grants");
        e.HasKey(g => new { g.EnvironmentId, g.UserId });
        e.HasIndex(g => g.UserId);
        e.HasOne<User>().WithMany().HasForeignKey(g => g.UserId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<EnvironmentVersion> e)
    {
        e.ToTable("environment_versions");
        e.Property(v => v.Label).HasMaxLength(50);
        e.Property(v => v.Description).HasMaxLength(10_000);
        e.Property(v => v.ContextName).HasMaxLength(255);
        e.Property(v => v.ContextSha256).HasMaxLength(64);
        e.Property(v => v.ImageName).HasMaxLength(255);
        e.Property(v => v.ImageSha256).HasMaxLength(64);
        e.Property(v => v.ImageUri).HasMaxLength(1000);
        e.Property(v => v.EngineImage).HasMaxLength(500);
        e.HasIndex(v => new { v.EnvironmentId, v.CreatedAt });
        e.HasIndex(v => v.ContextSha256);
        e.HasIndex(v => v.ImageSha256);
        e.HasOne<ExecutionEnvironment>().WithMany().HasForeignKey(v => v.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Artifact>().WithMany().HasForeignKey(v => v.ContextSha256).OnDelete(DeleteBehavior.Restrict);
        e.HasOne<Artifact>().WithMany().HasForeignKey(v => v.ImageSha256).OnDelete(DeleteBehavior.Restrict);
        e.HasData(new
        {
            Id = ExecutionEnvironment.BuiltInVersionId, EnvironmentId = ExecutionEnvironment.BuiltInId, Label = "host", Description = "",
            BuildStatus = BuildStatus.Success, BuildLog = "", BuildError = "", ImageId = ExecutionEnvironment.BuiltInVersionId,
            CreatedAt = Beginning, BuiltAt = Beginning,
        });
    }
}

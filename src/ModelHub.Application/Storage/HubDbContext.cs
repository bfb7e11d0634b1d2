using System.Text;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Datasets;
using ModelHub.Application.Experiments;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;
using ModelHub.Application.Projects;

namespace ModelHub.Application.Storage;

/// <summary>All rows of the hub. Enums are stored as text, names of tables and columns are snake_case.</summary>
public sealed class HubDbContext(DbContextOptions<HubDbContext> options) : DbContext(options)
{
    /// <summary>The one sequence that the registry's integers come from, so that one number never means two things.</summary>
    public const string NumberSequence = "registry_numbers";

    public DbSet<User> Users => Set<User>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<Project> Projects => Set<Project>();

    public DbSet<ProjectMember> ProjectMembers => Set<ProjectMember>();

    public DbSet<Artifact> Artifacts => Set<Artifact>();

    public DbSet<Job> Jobs => Set<Job>();

    public DbSet<Dataset> Datasets => Set<Dataset>();

    public DbSet<DatasetVersion> DatasetVersions => Set<DatasetVersion>();

    public DbSet<DatasetPart> DatasetParts => Set<DatasetPart>();

    public DbSet<Experiment> Experiments => Set<Experiment>();

    public DbSet<Model> Models => Set<Model>();

    protected override void ConfigureConventions(ModelConfigurationBuilder conventions)
    {
        conventions.Properties<Enum>().HaveConversion<string>().HaveMaxLength(40);
    }

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.HasSequence<long>(NumberSequence).StartsAt(1);
        model.Entity<User>(e =>
        {
            e.Property(u => u.Username).HasMaxLength(100);
            e.Property(u => u.Email).HasMaxLength(320);
            e.HasIndex(u => u.Username).IsUnique();
        });
        model.Entity<ApiKey>(e =>
        {
            e.Property(k => k.Name).HasMaxLength(200);
            e.Property(k => k.Hint).HasMaxLength(20);
            e.HasIndex(k => k.Hash).IsUnique();
            e.HasOne<User>().WithMany().HasForeignKey(k => k.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<Project>(e =>
        {
            e.Property(p => p.Name).HasMaxLength(200);
            e.Property(p => p.Description).HasMaxLength(10_000);
            e.Property(p => p.Number).HasDefaultValueSql($"nextval('{NumberSequence}')");
            e.HasIndex(p => p.Number).IsUnique();
            e.HasIndex(p => new { p.OwnerId, p.Name }).IsUnique();
            e.HasOne<User>().WithMany().HasForeignKey(p => p.OwnerId).OnDelete(DeleteBehavior.Restrict);
            e.HasMany(p => p.Members).WithOne().HasForeignKey(m => m.ProjectId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<ProjectMember>(e =>
        {
            e.HasKey(m => new { m.ProjectId, m.UserId });
            e.HasIndex(m => m.UserId);
            e.HasOne<User>().WithMany().HasForeignKey(m => m.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<Artifact>(e =>
        {
            e.HasKey(a => a.Sha256);
            e.Property(a => a.Sha256).HasMaxLength(64);
        });
        model.Entity<Job>(e =>
        {
            e.Property(j => j.Kind).HasMaxLength(100);
            e.Property(j => j.Payload).IsJson();
            e.HasIndex(j => new { j.Lane, j.CreatedAt }).HasFilter("status in ('Queued', 'Running')").HasDatabaseName("ix_jobs_open");
            e.HasIndex(j => new { j.OwnerId, j.CreatedAt });
            e.HasIndex(j => j.SubjectId);
            e.HasOne<User>().WithMany().HasForeignKey(j => j.OwnerId).OnDelete(DeleteBehavior.Cascade);
            e.HasOne<Project>().WithMany().HasForeignKey(j => j.ProjectId).OnDelete(DeleteBehavior.SetNull);
        });
        model.Entity<Dataset>(e =>
        {
            e.Property(d => d.Name).HasMaxLength(200);
            e.Property(d => d.VectorType).HasMaxLength(10);
            e.HasIndex(d => new { d.ProjectId, d.Name }).IsUnique();
            e.HasOne<Project>().WithMany().HasForeignKey(d => d.ProjectId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<DatasetVersion>(e =>
        {
            e.Property(v => v.Schema).IsJson();
            e.Property(v => v.ContentHash).HasMaxLength(64);
            e.HasIndex(v => new { v.DatasetId, v.Number }).IsUnique();
            e.HasOne<Dataset>().WithMany().HasForeignKey(v => v.DatasetId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<DatasetPart>(e =>
        {
            e.HasKey(p => new { p.DatasetId, p.Number });
            e.HasIndex(p => p.ArtifactSha256);
            e.HasOne<Dataset>().WithMany().HasForeignKey(p => p.DatasetId).OnDelete(DeleteBehavior.Cascade);
            e.HasOne<Artifact>().WithMany().HasForeignKey(p => p.ArtifactSha256).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<Experiment>(e =>
        {
            e.Property(x => x.Name).HasMaxLength(200);
            e.Property(x => x.Target).HasMaxLength(1000);
            e.Property(x => x.ProblemType).HasMaxLength(20);
            e.Property(x => x.Task).HasMaxLength(20);
            e.Property(x => x.Origin).HasMaxLength(20);
            e.Property(x => x.DroppedColumns).IsJson();
            e.Property(x => x.Live).IsJson();
            e.Property(x => x.Config).IsJson();
            e.HasIndex(x => new { x.DatasetId, x.Name }).IsUnique().HasFilter("origin = 'automl'").HasDatabaseName("ix_experiments_automl_name");
            e.HasIndex(x => new { x.ProjectId, x.CreatedAt });
            e.HasOne<Project>().WithMany().HasForeignKey(x => x.ProjectId).OnDelete(DeleteBehavior.Cascade);
        });
        model.ApplyConfigurationsFromAssembly(typeof(HubDbContext).Assembly); // features that map their own entities
        NameInSnakeCase(model);
    }

    private static void NameInSnakeCase(ModelBuilder model)
    {
        foreach (var entity in model.Model.GetEntityTypes())
        {
            entity.SetTableName(SnakeCase(entity.GetTableName()!));
            foreach (var property in entity.GetProperties())
                property.SetColumnName(SnakeCase(property.GetColumnName()));
        }
    }

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && !char.IsUpper(name[i - 1]))
                text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}

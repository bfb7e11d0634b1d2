using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;

namespace ModelHub.Application.CustomModels.Dependencies;

/// <summary>The packages of a version's requirements.txt, installed on top of its environment.</summary>
public sealed class DependencyBuild
{
    private DependencyBuild()
    {
    }

    public DependencyBuild(Guid versionId, Guid jobId, DateTimeOffset now) => (VersionId, JobId, StartedAt) = (versionId, jobId, now);

    public Guid VersionId { get; private set; }

    public Guid JobId { get; private set; }

    public BuildStatus Status { get; private set; }

    public string Log { get; private set; } = "";

    /// <summary>The artifact (tar.gz) with the packages, once they are built.</summary>
    public string? PackagesSha256 { get; private set; }

    public DateTimeOffset StartedAt { get; private set; }

    public DateTimeOffset? EndedAt { get; private set; }

    public bool IsOpen => Status is BuildStatus.Submitted or BuildStatus.Processing;

    public void Start() => Status = IsOpen ? BuildStatus.Processing : throw Ended();

    public void Succeed(string packages, string log, DateTimeOffset now) =>
        (Status, PackagesSha256, Log, EndedAt) = IsOpen ? (BuildStatus.Success, packages, Clean(log), now) : throw Ended();

    public void Fail(string log, DateTimeOffset now) => (Status, Log, EndedAt) = IsOpen ? (BuildStatus.Failed, Clean(log), now) : throw Ended();

    private static string Clean(string log) => log.Replace("\0", "", StringComparison.Ordinal);

    private static ModelHubException Ended() => new(ErrorKind.WrongState, "build_ended", "The build has ended already.");
}

internal sealed class DependencyBuildStorage : IEntityTypeConfiguration<DependencyBuild>
{
    public void Configure(EntityTypeBuilder<DependencyBuild> e)
    {
        e.ToTable("dependency_builds");
        e.HasKey(b => b.VersionId);
        e.Ignore(b => b.IsOpen);
        e.Property(b => b.PackagesSha256).HasMaxLength(64);
        e.HasIndex(b => b.PackagesSha256);
        e.HasIndex(b => b.JobId);
        e.HasOne<CustomModelVersion>().WithMany().HasForeignKey(b => b.VersionId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Artifact>().WithMany().HasForeignKey(b => b.PackagesSha256).OnDelete(DeleteBehavior.Restrict);
    }
}

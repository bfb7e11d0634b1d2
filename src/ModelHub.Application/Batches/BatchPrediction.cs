using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;

namespace ModelHub.Application.Batches;

/// <summary>How a file of rows is written down.</summary>
public enum BatchFormat
{
    Csv,
    Json,
    JsonLines,
    Parquet,
}

/// <summary>A file that is scored by a job, and the file that comes of it.</summary>
public sealed class BatchPrediction
{
    private BatchPrediction()
    {
    }

    public BatchPrediction(Guid projectId, Guid modelId, string inputSha256, BatchFormat input, BatchFormat output, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (ProjectId, ModelId, InputSha256, Input, Output, CreatedBy, CreatedAt) = (projectId, modelId, inputSha256, input, output, createdBy, now);
    }

    public Guid Id { get; private set; }

    public Guid ProjectId { get; private set; }

    public Guid ModelId { get; private set; }

    public Guid JobId { get; private set; }

    /// <summary>The rows, unpacked; null once they are scored.</summary>
    public string? InputSha256 { get; private set; }

    public BatchFormat Input { get; private set; }

    public BatchFormat Output { get; private set; }

    /// <summary>The scored rows; null until they are there.</summary>
    public string? ResultSha256 { get; private set; }

    public long? ResultBytes { get; private set; }

    public long? RowCount { get; private set; }

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public void RunBy(Job job) => JobId = job.Id;

    public void Finish(StoredArtifact result, long rows) => (ResultSha256, ResultBytes, RowCount, InputSha256) = (result.Sha256, result.Size, rows, null);
}

internal sealed class BatchMapping : IEntityTypeConfiguration<BatchPrediction>
{
    public void Configure(EntityTypeBuilder<BatchPrediction> e)
    {
        e.ToTable("batch_predictions");
        e.Property(b => b.InputSha256).HasMaxLength(64);
        e.Property(b => b.ResultSha256).HasMaxLength(64);
        e.HasIndex(b => new { b.ProjectId, b.CreatedAt });
        e.HasIndex(b => b.InputSha256);
        e.HasIndex(b => b.ResultSha256);
        e.HasOne<Project>().WithMany().HasForeignKey(b => b.ProjectId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<Artifact>().WithMany().HasForeignKey(b => b.InputSha256).OnDelete(DeleteBehavior.Restrict);
        e.HasOne<Artifact>().WithMany().HasForeignKey(b => b.ResultSha256).OnDelete(DeleteBehavior.Restrict);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Deployments;
using ModelHub.Application.Models;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Monitoring;

/// <summary>A model's training data in bins, as JSON (<see cref="Baseline"/>); kept for models that were deployed.</summary>
public sealed class ModelBaseline
{
    public Guid ModelId { get; init; }

    public Baseline? Baseline { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What one model of a deployment did in one hour: counts that add up, over processes and over windows.</summary>
public sealed class DeploymentWindow
{
    public Guid DeploymentId { get; init; }

    public Guid ModelId { get; init; }

    public DateTimeOffset StartsAt { get; init; }

    public long Requests { get; init; }

    public long Errors { get; init; }

    public long Rows { get; init; }

    /// <summary>Rows whose features were counted.</summary>
    public long Sampled { get; init; }

    /// <summary>Samples that were let go because more came than could be counted.</summary>
    public long Dropped { get; init; }

    /// <summary>Requests by duration; see <see cref="LatencySketch"/>.</summary>
    public long[] Latencies { get; init; } = [];

    /// <summary>Rows by bin of each feature, one feature after the other.</summary>
    public long[] Features { get; init; } = [];

    public long[] Predictions { get; init; } = [];

    /// <summary>Rows that a shadow scored beside the answer, how often it agreed, and the sum of the absolute differences.</summary>
    public long Compared { get; init; }

    public long Agreed { get; init; }

    public double Difference { get; init; }
}

/// <summary>A kept prediction, until its outcome is known.</summary>
public sealed class KeptPrediction
{
    public Guid DeploymentId { get; init; }

    public Guid ModelId { get; init; }

    public string AssociationId { get; init; } = "";

    public double[] Outputs { get; init; } = [];

    public DateTimeOffset At { get; init; }
}

/// <summary>What came true.</summary>
public sealed class ActualOutcome
{
    public Guid DeploymentId { get; init; }

    public string AssociationId { get; init; } = "";

    public string Value { get; init; } = "";

    public DateTimeOffset At { get; init; }
}

internal sealed class MonitoringStorage : IEntityTypeConfiguration<ModelBaseline>, IEntityTypeConfiguration<DeploymentWindow>,
    IEntityTypeConfiguration<KeptPrediction>, IEntityTypeConfiguration<ActualOutcome>
{
    public void Configure(EntityTypeBuilder<ModelBaseline> e)
    {
        e.ToTable("model_baselines");
        e.HasKey(b => b.ModelId);
        e.Property(b => b.Baseline).IsJson();
        e.HasOne<Model>().WithOne().HasForeignKey<ModelBaseline>(b => b.ModelId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<DeploymentWindow> e)
    {
        e.ToTable("deployment_windows");
        e.HasKey(w => new { w.DeploymentId, w.StartsAt, w.ModelId });
        e.HasOne<Deployment>().WithMany().HasForeignKey(w => w.DeploymentId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<KeptPrediction> e)
    {
        e.ToTable("kept_predictions");
        e.HasKey(p => new { p.DeploymentId, p.AssociationId, p.ModelId });
        e.Property(p => p.AssociationId).HasMaxLength(200);
        e.HasIndex(p => new { p.DeploymentId, p.At });
        e.HasOne<Deployment>().WithMany().HasForeignKey(p => p.DeploymentId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<ActualOutcome> e)
    {
        e.ToTable("actual_outcomes");
        e.HasKey(a => new { a.DeploymentId, a.AssociationId });
        e.Property(a => a.AssociationId).HasMaxLength(200);
        e.Property(a => a.Value).HasMaxLength(1000);
        e.HasOne<Deployment>().WithMany().HasForeignKey(a => a.DeploymentId).OnDelete(DeleteBehavior.Cascade);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Deployments;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Studio;

/// <summary>A row and what was tried with it on a deployment.</summary>
public sealed class StudioSession
{
    private StudioSession()
    {
    }

    public StudioSession(Guid projectId, Guid deploymentId, string name, string baseRow, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (ProjectId, DeploymentId, Name, BaseRow, CreatedBy, CreatedAt) = (projectId, deploymentId, name, baseRow, createdBy, now);
    }

    public Guid Id { get; private set; }

    public Guid ProjectId { get; private set; }

    public Guid DeploymentId { get; private set; }

    public string Name { get; private set; } = "";

    /// <summary>Values by column, as JSON.</summary>
    public string BaseRow { get; private set; } = "{}";

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
}

/// <summary>A change of a session's row and what the deployment's model said to it, then.</summary>
public sealed class StudioScenario
{
    private StudioScenario()
    {
    }

    public StudioScenario(Guid sessionId, string name, Guid modelId, string changes, string result, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (SessionId, Name, ModelId, Changes, Result, CreatedAt) = (sessionId, name, modelId, changes, result, now);
    }

    public Guid Id { get; private set; }

    public Guid SessionId { get; private set; }

    public string Name { get; private set; } = "";

    /// <summary>That answered: the deployment may have another one since.</summary>
    public Guid ModelId { get; private set; }

    /// <summary>Values by column, as JSON.</summary>
    public string Changes { get; private set; } = "{}";

    /// <summary>A <see cref="ScenarioResult"/> as JSON.</summary>
    public string Result { get; private set; } = "{}";

    public DateTimeOffset CreatedAt { get; private set; }
}

internal sealed class StudioMapping : IEntityTypeConfiguration<StudioSession>, IEntityTypeConfiguration<StudioScenario>
{
    public void Configure(EntityTypeBuilder<StudioSession> e)
    {
        e.ToTable("studio_sessions");
        e.Property(s => s.Name).HasMaxLength(Names.Longest);
        e.Property(s => s.BaseRow).IsJson();
        e.HasIndex(s => new { s.ProjectId, s.CreatedAt });
        e.HasOne<Deployment>().WithMany().HasForeignKey(s => s.DeploymentId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<StudioScenario> e)
    {
        e.ToTable("studio_scenarios");
        e.Property(s => s.Name).HasMaxLength(Names.Longest);
        e.Property(s => s.Changes).IsJson();
        e.Property(s => s.Result).IsJson();
        e.HasIndex(s => new { s.SessionId, s.CreatedAt });
        e.HasOne<StudioSession>().WithMany().HasForeignKey(s => s.SessionId).OnDelete(DeleteBehavior.Cascade);
    }
}

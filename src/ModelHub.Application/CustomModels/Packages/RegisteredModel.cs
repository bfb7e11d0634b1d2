using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;

namespace ModelHub.Application.CustomModels.Packages;

/// <summary>A name under which versions of models are handed on to those who deploy them.</summary>
public sealed class RegisteredModel
{
    private RegisteredModel()
    {
    }

    public RegisteredModel(Guid projectId, string name, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (ProjectId, Name, CreatedBy, CreatedAt, UpdatedAt) = (projectId, name, createdBy, now, now);
    }

    public Guid Id { get; private set; }

    public Guid ProjectId { get; private set; }

    public string Name { get; private set; } = "";

    public string Description { get; private set; } = "";

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public void Describe(string name, string description, DateTimeOffset now) => (Name, Description, UpdatedAt) = (name, description, now);
}

/// <summary>One version of a registered model: a frozen version of a custom model.</summary>
public sealed class ModelPackage
{
    private ModelPackage()
    {
    }

    public ModelPackage(Guid registeredModelId, int number, string name, Guid customModelVersionId, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (RegisteredModelId, Number, Name) = (registeredModelId, number, name);
        (CustomModelVersionId, CreatedBy, CreatedAt) = (customModelVersionId, createdBy, now);
    }

    public Guid Id { get; private set; }

    public Guid RegisteredModelId { get; private set; }

    /// <summary>1, 2, … within the registered model.</summary>
    public int Number { get; private set; }

    public string Name { get; private set; } = "";

    public Guid CustomModelVersionId { get; private set; }

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
}

internal sealed class PackageStorage : IEntityTypeConfiguration<RegisteredModel>, IEntityTypeConfiguration<ModelPackage>
{
    public void Configure(EntityTypeBuilder<RegisteredModel> e)
    {
        e.ToTable("registered_models");
        e.Property(m => m.Name).HasMaxLength(Names.Longest);
        e.Property(m => m.Description).HasMaxLength(10_000);
        e.HasIndex(m => new { m.ProjectId, m.Name }).IsUnique();
        e.HasOne<Project>().WithMany().HasForeignKey(m => m.ProjectId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<ModelPackage> e)
    {
        e.ToTable("model_packages");
        e.Property(p => p.Name).HasMaxLength(Names.Longest);
        e.HasIndex(p => new { p.RegisteredModelId, p.Number }).IsUnique();
        e.HasIndex(p => p.CustomModelVersionId);
        e.HasOne<RegisteredModel>().WithMany().HasForeignKey(p => p.RegisteredModelId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<CustomModelVersion>().WithMany().HasForeignKey(p => p.CustomModelVersionId).OnDelete(DeleteBehavior.Cascade);
    }
}

using ModelHub.Application.Identity;

namespace ModelHub.Application.Projects;

/// <summary>What a member may do: a viewer reads and predicts, an editor also changes, an owner also shares and deletes.</summary>
public enum ProjectRole
{
    Viewer,
    Editor,
    Owner,
}

/// <summary>The home of datasets, experiments and models, and the boundary of who sees them. The registry calls it a workspace.</summary>
public sealed class Project : IListed
{
    private Project()
    {
    }

    public Project(string name, string? description, Guid ownerId, DateTimeOffset now)
    {
        Id = HubId.New(now);
        Name = name;
        Description = description;
        OwnerId = ownerId;
        CreatedAt = now;
        Members.Add(new ProjectMember(Id, ownerId, ProjectRole.Owner));
    }

    public Guid Id { get; private set; }

    /// <summary>The number by which the registry knows it, from the sequence that all its numbers come from.</summary>
    public long Number { get; private set; }

    public string Name { get; private set; } = "";

    public string? Description { get; private set; }

    /// <summary>Who made it, or took it over; names are unique per owner.</summary>
    public Guid OwnerId { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public List<ProjectMember> Members { get; private set; } = [];

    public void Rename(string name, string? description)
    {
        Name = name;
        Description = description;
    }

    public void GiveTo(Guid ownerId) => OwnerId = ownerId;
}

public sealed class ProjectMember
{
    private ProjectMember()
    {
    }

    public ProjectMember(Guid projectId, Guid userId, ProjectRole role)
    {
        ProjectId = projectId;
        UserId = userId;
        Role = role;
    }

    public Guid ProjectId { get; private set; }

    public Guid UserId { get; private set; }

    public ProjectRole Role { get; private set; }

    public void Become(ProjectRole role) => Role = role;
}

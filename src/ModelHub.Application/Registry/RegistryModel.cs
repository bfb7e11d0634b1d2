using ModelHub.Application.CustomModels;

namespace ModelHub.Application.Registry;

/// <summary>
/// A model of the registry: somebody's own with its versions, the newest first, or one that was trained here, which has one.
/// </summary>
public sealed record RegistryModel(
    Guid Id, long Number, string Name, Guid ProjectId, Guid OwnerId, Visibility Visibility, DateTimeOffset CreatedAt,
        DateTimeOffset UpdatedAt)
{
    public long WorkspaceNumber { get; init; }

    public IReadOnlyList<RegistryVersion> Versions { get; init; } = [];
}

/// <summary>A version as the registry shows it.</summary>
public sealed record RegistryVersion
{
    public required RegistryModel Model { get; init; }

    /// <summary>What deployments name.</summary>
    public required Guid Id { get; init; }

    public required long Number { get; init; }

    public required VersionStatus Status { get; init; }

    /// <summary>Why it is in error.</summary>
    public required string? ErrorSummary { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public required bool IsDeployed { get; init; }

    /// <summary>The job that checks it; null for none.</summary>
    public Guid? TaskId { get; init; }

    /// <summary>How it was asked to be converted; what came through another door was not.</summary>
    public required Conversion Conversion { get; init; }

    /// <summary>What runs it: by what it was found to be, else what it is said to be.</summary>
    public required string Runtime { get; init; }

    /// <summary>The uploaded file; of several, the first's name, the size of all, and the hash of their names and hashes.</summary>
    public required VersionFile File { get; init; }
}

namespace ModelHub.Infrastructure;

/// <summary>Where the hub keeps things and which part of it this process is.</summary>
public sealed record InfrastructureOptions
{
    public required string ConnectionString { get; init; }

    /// <summary>Folder of artifacts, logs and (when it is private) the database.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Whether this process runs jobs.</summary>
    public bool RunsJobs { get; init; } = true;
}

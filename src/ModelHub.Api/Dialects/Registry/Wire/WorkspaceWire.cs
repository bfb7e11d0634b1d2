using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Registry.Wire;

public sealed record ListWorkspacesRequest;

public sealed record CreateWorkspaceRequest
{
    [JsonPropertyName("workspace_name")]
    public string? WorkspaceName { get; init; }
}

public sealed record CreateWorkspaceAnswer
{
    [JsonPropertyName("workspace_id")]
    public required long WorkspaceId { get; init; }
}

public sealed record GetWorkspaceRequest
{
    [JsonPropertyName("id")]
    public long? Id { get; init; }
}

public sealed record ListWorkspacesAnswer
{
    [JsonPropertyName("workspaces")]
    public required IReadOnlyList<WorkspaceDetailsWire> Workspaces { get; init; }
}

/// <summary>A workspace beside its models.</summary>
public sealed record WorkspaceWire
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("created_by")]
    public required string CreatedBy { get; init; }

    [JsonPropertyName("archived")]
    public bool Archived { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("group_id")]
    public string? GroupId { get; init; }
}

/// <summary>A workspace by itself.</summary>
public sealed record WorkspaceDetailsWire
{
    [JsonPropertyName("id")]
    public required long Id { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("created_by")]
    public required string CreatedBy { get; init; }

    [JsonPropertyName("archived")]
    public bool Archived { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("users")]
    public required IReadOnlyList<WorkspaceUserWire> Users { get; init; }
}

public sealed record WorkspaceUserWire
{
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    /// <summary>OWNER or COLLABORATOR.</summary>
    [JsonPropertyName("access_level")]
    public required string AccessLevel { get; init; }
}

namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record ProjectRequest
{
    public string? Name { get; init; }

    public string? Description { get; init; }
}

public sealed record ProjectWire
{
    public required Guid Id { get; init; }

    /// <summary>The registry's workspace id.</summary>
    public required long Number { get; init; }

    public required string Name { get; init; }

    public required string? Description { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record ProjectAnswer(ProjectWire Project);

public sealed record MemberWire(string Username, string Role);

/// <summary>A null role takes the membership away.</summary>
public sealed record MemberRequest
{
    public string? Role { get; init; }
}

namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record UserRequest
{
    public string? Username { get; init; }

    public string? Email { get; init; }

    public bool IsAdmin { get; init; }
}

public sealed record UserWire
{
    public required Guid Id { get; init; }

    public required string Username { get; init; }

    public required string? Email { get; init; }

    public required bool IsAdmin { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record UserAnswer(UserWire User);

public sealed record ApiKeyRequest
{
    /// <summary>Whose key; without it the caller's own. Only an administrator may name somebody else.</summary>
    public string? Username { get; init; }

    public string? Name { get; init; }
}

public sealed record ApiKeyWire
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The key's first characters.</summary>
    public required string Hint { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The only answer that ever shows the key.</summary>
public sealed record NewApiKeyAnswer(string Key, ApiKeyWire ApiKey);

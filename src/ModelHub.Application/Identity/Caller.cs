namespace ModelHub.Application.Identity;

/// <summary>Who asks.</summary>
public sealed record Caller(Guid UserId, string Username, bool IsAdmin)
{
    /// <summary>The key that was shown; empty where a job or a test asks in somebody's name.</summary>
    public Guid KeyId { get; init; }

    /// <summary>Whether it is the installation's own key, made at the first start.</summary>
    public bool IsFirstKey { get; init; }

    public void RequireAdmin()
    {
        if (!IsAdmin)
            throw Errors.ModelHubException.Forbidden("Only an administrator may do this.");
    }
}

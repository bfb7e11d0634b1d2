namespace ModelHub.Application.Identity;

/// <summary>Who asks.</summary>
public sealed record Caller(Guid UserId, string Username, bool IsAdmin)
{
    public void RequireAdmin()
    {
        if (!IsAdmin)
            throw Errors.ModelHubException.Forbidden("Only an administrator may do this.");
    }
}

namespace ModelHub.Application.Identity;

/// <summary>Somebody with keys of their own. Administrators manage users; they see no projects but those they are members of.</summary>
public sealed class User
{
    private User()
    {
    }

    public User(string username, string? email, bool isAdmin, DateTimeOffset now)
    {
        Id = HubId.New(now);
        Username = username;
        Email = email;
        IsAdmin = isAdmin;
        CreatedAt = now;
    }

    public Guid Id { get; private set; }

    public string Username { get; private set; } = "";

    public string? Email { get; private set; }

    public bool IsAdmin { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Set when the user was deleted: nobody's name any more, but still the maker of rows that others use.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    public void Delete(DateTimeOffset now) => (DeletedAt, Username, Email, IsAdmin) = (now, $"deleted-{Id:N}", null, false);
}

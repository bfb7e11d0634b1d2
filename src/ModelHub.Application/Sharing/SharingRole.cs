namespace ModelHub.Application.Sharing;

/// <summary>The roles in which a thing is shared with a user. Several words mean the same right; the word given is kept.</summary>
public enum SharingRole
{
    Observer,
    ReadOnly,
    Consumer,
    User,
    DataScientist,
    Editor,
    ReadWrite,
    Admin,
    Owner,
}

/// <summary>What a role allows.</summary>
public enum SharingRight
{
    /// <summary>Sees and uses it.</summary>
    Use,

    /// <summary>Changes it.</summary>
    Edit,

    /// <summary>Deletes it and decides who may do what.</summary>
    Own,
}

public static class SharingRoles
{
    public static SharingRight Right(this SharingRole role) => role switch
    {
        SharingRole.Observer or SharingRole.ReadOnly or SharingRole.Consumer => SharingRight.Use,
        SharingRole.User or SharingRole.DataScientist or SharingRole.Editor or SharingRole.ReadWrite => SharingRight.Edit,
        SharingRole.Admin or SharingRole.Owner => SharingRight.Own,
    };
}

/// <summary>That a thing is shared with a user.</summary>
public abstract class Grant
{
    protected Grant()
    {
    }

    protected Grant(Guid userId, SharingRole role, bool canShare)
    {
        (UserId, Role, CanShare) = (userId, role, canShare);
    }

    public Guid UserId { get; private set; }

    public SharingRole Role { get; private set; }

    /// <summary>Whether the user may share it on, in roles up to the own one.</summary>
    public bool CanShare { get; private set; }

    public void Become(SharingRole role, bool canShare) => (Role, CanShare) = (role, canShare);
}

using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;

namespace ModelHub.Application.Environments;

/// <summary>What custom models run in: a name with versions, each of which is built from a Docker context or image.</summary>
public sealed class ExecutionEnvironment
{
    /// <summary>The environment that is there from the start: Python 3 on the host, for the bubblewrap sandbox.</summary>
    public static readonly Guid BuiltInId = Guid.ParseExact("00000000-0000-8000-8000-000000000b01", "D");

    public static readonly Guid BuiltInVersionId = Guid.ParseExact("00000000-0000-8000-8000-000000000b02", "D");

    private ExecutionEnvironment()
    {
    }

    public ExecutionEnvironment(string name, Guid ownerId, DateTimeOffset now, Guid? id = null)
    {
        Id = id ?? HubId.New(now);
        (Name, OwnerId, CreatedAt) = (name, ownerId, now);
        Grants.Add(new EnvironmentGrant(Id, ownerId, SharingRole.Owner, canShare: true));
    }

    public Guid Id { get; private set; }

    public string Name { get; private set; } = "";

    public string Description { get; private set; } = "";

    /// <summary>python, r, java, julia, legacy or other.</summary>
    public string Language { get; private set; } = "other";

    public IReadOnlyList<string> UseCases { get; private set; } = [];

    public bool IsPublic { get; private set; }

    /// <summary>Who made it; null for the built-in one.</summary>
    public Guid? OwnerId { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Set when it was deleted; nothing lists it any more, and it can be deleted for good.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    public List<EnvironmentGrant> Grants { get; private set; } = [];

    public bool IsBuiltIn => OwnerId is null;

    public void Describe(string name, string description, string language, IReadOnlyList<string> useCases)
    {
        RequireOwn();
        (Name, Description, Language, UseCases) = (name, description, language, useCases);
    }

    public void Publish(bool isPublic) => IsPublic = isPublic;

    public void Delete(DateTimeOffset now)
    {
        RequireOwn();
        DeletedAt ??= now;
    }

    /// <summary>Takes a user's grant away; who was its last owner is followed by the heir.</summary>
    public void Bequeath(Guid userId, Guid heirId)
    {
        Grants.RemoveAll(g => g.UserId == userId);
        if (Grants.Exists(g => g.Role == SharingRole.Owner))
            return;
        if (Grants.Find(g => g.UserId == heirId) is { } grant)
            grant.Become(SharingRole.Owner, canShare: true);
        else
            Grants.Add(new EnvironmentGrant(Id, heirId, SharingRole.Owner, canShare: true));
    }

    private void RequireOwn()
    {
        if (IsBuiltIn)
            throw ModelHubException.Forbidden("The built-in environment cannot be changed.");
    }
}

/// <summary>With whom an environment is shared.</summary>
public sealed class EnvironmentGrant : Grant
{
    private EnvironmentGrant()
    {
    }

    public EnvironmentGrant(Guid environmentId, Guid userId, SharingRole role, bool canShare)
        : base(userId, role, canShare) => EnvironmentId = environmentId;

    public Guid EnvironmentId { get; private set; }
}

using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Sharing;

/// <summary>One wish about who may use a thing; without a role it is taken away.</summary>
public sealed record SharingChange(string Username, SharingRole? Role, bool CanShare);

/// <summary>One user with whom a thing is shared.</summary>
public sealed record SharedWith(Guid UserId, string Username, SharingRole Role, bool CanShare);

public static class SharingChanges
{
    /// <summary>Applies all wishes or none; a thing never loses its last owner.</summary>
    public static async Task ApplyAsync<TGrant>(
        HubDbContext db, List<TGrant> grants, IReadOnlyList<SharingChange> changes, Func<Guid, SharingRole, bool, TGrant> grant, SharingRight most,
        CancellationToken cancellation)
        where TGrant : Grant
    {
        var names = changes.Select(c => c.Username).ToList();
        var users = await db.Users.Where(u => names.Contains(u.Username)).ToDictionaryAsync(u => u.Username, u => u.Id, cancellation);
        foreach (var change in changes)
        {
            if (!users.TryGetValue(change.Username, out var user))
                throw ModelHubException.Invalid("username", $"There is no user called '{change.Username}'.");
            var held = grants.Find(g => g.UserId == user);
            if (change.Role?.Right() > most || held?.Role.Right() > most)
                throw ModelHubException.Forbidden("A role above the own one can neither be given nor taken away.");
            if (change.Role is not { } role)
                grants.RemoveAll(g => g.UserId == user);
            else if (held is null)
                grants.Add(grant(user, role, change.CanShare));
            else
                held.Become(role, change.CanShare);
        }
        if (!grants.Exists(g => g.Role.Right() == SharingRight.Own))
            throw ModelHubException.Conflict("last_owner", "It cannot be left without an owner.");
        await db.SaveChangesAsync(cancellation);
    }

    public static async Task<Page<SharedWith>> ListAsync(
        HubDbContext db, IReadOnlyList<Grant> grants, string? username, Guid? userId, Paging paging, CancellationToken cancellation)
    {
        var ids = grants.Select(g => g.UserId).ToList();
        var names = await db.Users.Where(u => ids.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.Username, cancellation);
        var all = grants.Where(g => names.ContainsKey(g.UserId)).Select(g => new SharedWith(g.UserId, names[g.UserId], g.Role, g.CanShare))
            .Where(g => (username is null || g.Username == username) && (userId is null || g.UserId == userId))
            .OrderByDescending(g => g.Role).ThenBy(g => g.Username, StringComparer.Ordinal).ToList();
        return new Page<SharedWith>([.. all.Skip(paging.Offset).Take(paging.Limit)], all.Count, paging.Limit, paging.Offset);
    }
}

using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Identity;

/// <summary>Users and their keys.</summary>
public sealed class IdentityService(HubDbContext db, TimeProvider clock)
{
    public async Task<User> CreateUserAsync(Caller caller, string username, string email, bool isAdmin, CancellationToken cancellation)
    {
        caller.RequireAdmin();
        var user = new User(username, email, isAdmin, clock.GetUtcNow());
        db.Users.Add(user);
        await db.SaveOrConflictAsync("username_taken", $"A user called '{username}' already exists.", cancellation);
        return user;
    }

    public async Task<Page<User>> ListUsersAsync(Caller caller, Paging paging, CancellationToken cancellation)
    {
        var users = db.Users.AsNoTracking().Where(u => u.DeletedAt == null && (caller.IsAdmin || u.Id == caller.UserId));
        return await users.OrderBy(u => u.CreatedAt).ThenBy(u => u.Id).ToPageAsync(paging, cancellation);
    }

    public async Task<User> GetUserAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        await db.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Id == id && u.DeletedAt == null && (caller.IsAdmin || u.Id == caller.UserId), cancellation)
        ?? throw ModelHubException.NotFound("user");

    /// <summary>Makes a key; the secret is shown here and never again. Without a username it is the caller's own.</summary>
    public async Task<(ApiKey Key, string Secret)> CreateKeyAsync(Caller caller, string? username, string name, CancellationToken cancellation)
    {
        var userId = caller.UserId;
        if (username is not null && username != caller.Username)
        {
            if (!caller.IsAdmin)
                throw ModelHubException.Forbidden("Only an administrator may make keys for others.");
            userId = (await db.Users.FirstOrDefaultAsync(u => u.Username == username, cancellation)
                ?? throw ModelHubException.NotFound("user")).Id;
        }
        var secret = ApiKey.NewSecret();
        var key = new ApiKey(userId, name, secret, clock.GetUtcNow());
        db.ApiKeys.Add(key);
        await db.SaveChangesAsync(cancellation);
        return (key, secret);
    }

    public async Task<Page<ApiKey>> ListKeysAsync(Caller caller, Paging paging, CancellationToken cancellation)
    {
        var keys = db.ApiKeys.AsNoTracking().Where(k => k.UserId == caller.UserId && k.RevokedAt == null);
        return await keys.OrderBy(k => k.CreatedAt).ThenBy(k => k.Id).ToPageAsync(paging, cancellation);
    }

    /// <summary>Revokes a key of the caller; an administrator may revoke any.</summary>
    public async Task RevokeKeyAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var key = await db.ApiKeys.FirstOrDefaultAsync(
            k => k.Id == id && k.RevokedAt == null && (caller.IsAdmin || k.UserId == caller.UserId), cancellation)
            ?? throw ModelHubException.NotFound("API key");
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        key.Revoke(clock.GetUtcNow());
        await db.SaveChangesAsync(cancellation);
        await db.NotifyAsync(Notifications.Keys, "", cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Whose key this is; null for an unknown or revoked one.</summary>
    public async Task<Caller?> FindCallerAsync(byte[] hash, CancellationToken cancellation) =>
        await (from key in db.ApiKeys
               join user in db.Users on key.UserId equals user.Id
               where key.Hash == hash && key.RevokedAt == null
               select new Caller(user.Id, user.Username, user.IsAdmin) { KeyId = key.Id, IsFirstKey = key.Name == ApiKey.First && user.IsAdmin }).FirstOrDefaultAsync(cancellation);

    /// <summary>Makes sure of an administrator with the given key, or, when nobody is there yet, with a new key, which is returned.</summary>
    public async Task<string?> EnsureAdministratorAsync(string? secret, CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Database.ExecuteSqlRawAsync("select pg_advisory_xact_lock(7070101)", cancellation);
        var admin = await db.Users.OrderBy(u => u.CreatedAt).FirstOrDefaultAsync(u => u.IsAdmin, cancellation);
        if (admin is not null && secret is null)
            return null;
        var now = clock.GetUtcNow();
        if (admin is null)
            db.Users.Add(admin = new User("admin", null, isAdmin: true, now));
        secret ??= ApiKey.NewSecret();
        var hash = ApiKey.HashOf(secret);
        if (!await db.ApiKeys.AnyAsync(k => k.Hash == hash, cancellation))
            db.ApiKeys.Add(new ApiKey(admin.Id, ApiKey.First, secret, now));
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return secret;
    }
}

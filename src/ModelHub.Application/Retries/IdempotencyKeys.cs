using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Retries;

/// <summary>
/// Keys under which clients send a request again when they did not hear how it ended (draft-ietf-httpapi-idempotency-key-header): it is done once, in
/// whichever process, and every time answered alike. A key is held by a lease and not by a lock, since uploads take long and connections are few; it is
/// renewed while the request runs, and ends by itself when the process was killed.
/// </summary>
/// <remarks>
/// What a request makes is committed before its answer is kept: these are two transactions. Who is killed between them leaves a thing made and a key
/// that is free when its lease ends, so that the next attempt makes it again, or is told that its name is taken. The other order would tell of things
/// that were never made, and to hold the key for good would leave every client that was cut off in the middle without a way to finish: twice is
/// safer than never.
/// </remarks>
public sealed class IdempotencyKeys(IServiceScopeFactory scopes, TimeProvider clock, ILogger<IdempotencyKeys> log)
{
    internal static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);
    internal static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>Longer than a lease: what follows a request whose process was killed waits, and is done.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Takes the key, or finds what was answered under it. Waits for a request under way, without holding a connection.</summary>
    /// <exception cref="ModelHubException">A request with this key is still under way after 20 s (<see cref="ErrorKind.Conflict"/>).</exception>
    public async Task<KeyClaim> ClaimAsync(Guid userId, string key, CancellationToken cancellation)
    {
        var (claim, start) = (Guid.NewGuid(), clock.GetTimestamp());
        for (var pause = TimeSpan.FromMilliseconds(20); ; pause = pause < LongestPause ? pause * 2 : LongestPause)
        {
            var before = await RunAsync(db => TakeAsync(db, userId, key, claim));
            if (before is null || before.Status is not null)
                return new KeyClaim(this, userId, key, claim, before, clock);
            if (clock.GetElapsedTime(start) > LongestWait)
            {
                throw new ModelHubException(ErrorKind.Conflict, "idempotency_key_in_use", "A request with this Idempotency-Key is still under way.")
                {
                    RetryAfter = TimeSpan.FromSeconds(5),
                };
            }
            await Task.Delay(pause, clock, cancellation);
        }
    }

    /// <summary>Keeps the answer, unless the key is another attempt's by now.</summary>
    internal Task KeepAsync(KeyClaim held, byte[] fingerprint, int status, string? contentType, string? location, byte[] body) =>
        TryAsync(held, (db, user, key, claim) => db.Database.ExecuteSqlAsync(
            $"""
             update idempotent_requests set expires_at = now() + {KeptFor}, fingerprint = {fingerprint}, status = {status},
                                            content_type = {contentType}, location = {location}, body = {body}
             where user_id = {user} and key = {key} and claim = {claim}
             """));

    internal Task RenewAsync(KeyClaim held) => TryAsync(held, (db, user, key, claim) => db.Database.ExecuteSqlAsync(
        $"update idempotent_requests set expires_at = now() + {Lease} where user_id = {user} and key = {key} and claim = {claim} and status is null"));

    internal Task ReleaseAsync(KeyClaim held) => TryAsync(held, (db, user, key, claim) => db.Database.ExecuteSqlAsync(
        $"delete from idempotent_requests where user_id = {user} and key = {key} and claim = {claim} and status is null"));

    /// <summary>The request that has the key; null when it was taken now.</summary>
    private static async Task<IdempotentRequest?> TakeAsync(HubDbContext db, Guid userId, string key, Guid claim)
    {
        while (true)
        {
            var taken = await db.Database.ExecuteSqlAsync(
                $"""
                 insert into idempotent_requests as r (user_id, key, claim, expires_at) values ({userId}, {key}, {claim}, now() + {Lease})
                 on conflict (user_id, key) do update set claim = excluded.claim, expires_at = excluded.expires_at, status = null
                 where r.expires_at < now()
                 """); // not to be cancelled: nobody would know whose the key is
            if (taken == 1)
                return null;
            if (await db.Set<IdempotentRequest>().AsNoTracking().FirstOrDefaultAsync(r => r.UserId == userId && r.Key == key) is { } other)
                return other;
        }
    }

    /// <summary>What fails here fails with the database, and the lease ends by itself; the request's own answer is not spoilt by it.</summary>
    private async Task TryAsync(KeyClaim held, Func<HubDbContext, Guid, string, Guid, Task<int>> change)
    {
        try
        {
            await RunAsync(db => change(db, held.UserId, held.Key, held.Claim));
        }
        catch (Exception failure)
        {
            log.LogWarning("An idempotency key could not be changed: {Reason}", failure.Message);
        }
    }

    /// <summary>In a scope of its own: what the request's context tracks after a failure is nobody's business.</summary>
    private async Task<T> RunAsync<T>(Func<HubDbContext, Task<T>> work)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<HubDbContext>());
    }
}

/// <summary>A key that is held until it is disposed of, or what was answered under it before.</summary>
public sealed class KeyClaim : IAsyncDisposable
{
    private readonly IdempotencyKeys _keys;
    private readonly PeriodicTimer _beat;
    private readonly Task _renewing;
    private bool _isKept;

    internal KeyClaim(IdempotencyKeys keys, Guid userId, string key, Guid claim, IdempotentRequest? before, TimeProvider clock)
    {
        (_keys, UserId, Key, Claim, Before) = (keys, userId, key, claim, before);
        _beat = new PeriodicTimer(IdempotencyKeys.Lease / 3, clock);
        _renewing = before is null ? RenewAsync() : Task.CompletedTask;
    }

    /// <summary>The request that was answered; null when it is to be done now.</summary>
    public IdempotentRequest? Before { get; }

    internal Guid UserId { get; }

    internal string Key { get; }

    internal Guid Claim { get; }

    /// <summary>Keeps the answer for 24 hours; without it the key is free again.</summary>
    public async Task KeepAsync(byte[] fingerprint, int status, string? contentType, string? location, byte[] body)
    {
        await _keys.KeepAsync(this, fingerprint, status, contentType, location, body);
        _isKept = true;
    }

    public async ValueTask DisposeAsync()
    {
        _beat.Dispose();
        await _renewing;
        if (Before is null && !_isKept)
            await _keys.ReleaseAsync(this);
    }

    private async Task RenewAsync()
    {
        while (await _beat.WaitForNextTickAsync())
            await _keys.RenewAsync(this);
    }
}

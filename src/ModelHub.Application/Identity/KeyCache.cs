using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace ModelHub.Application.Identity;

/// <summary>
/// Keys last seen, so that scoring asks no database. Cleared when a key is revoked (NOTIFY), and asked about again every half
/// minute behind the requests, so that what is known goes on serving while PostgreSQL is slow or down. By the keys themselves, which are in memory anyway while a request is: hashing costs more than
/// the rest of a single row.
/// </summary>
public sealed class KeyCache
{
    private const int Most = 10_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;
    private volatile int _generation;

    public KeyCache(IServiceScopeFactory scopes, TimeProvider clock, ChangeFeed changes)
    {
        _scopes = scopes;
        _clock = clock;
        changes.Heard += (channel, _) =>
        {
            if (channel == Notifications.Keys)
                Interlocked.Increment(ref _generation);
        };
    }

    /// <summary>Whose key this is; null for an unknown or revoked one.</summary>
    public ValueTask<Caller?> FindAsync(string secret, CancellationToken cancellation)
    {
        if (secret.Length is 0 or > 512)
            return ValueTask.FromResult<Caller?>(null);
        if (!_entries.TryGetValue(secret, out var known) || known.Generation != _generation)
            return AskAsync(ApiKey.HashOf(secret), secret, known, cancellation);
        if (known.Until < _clock.GetUtcNow() && known.TryStartAsking())
            _ = AskQuietlyAsync(secret, known);
        return ValueTask.FromResult<Caller?>(known.Caller);
    }

    /// <summary>Asks again behind the requests: a database that is slow, or away, does not slow who is known.</summary>
    private async Task AskQuietlyAsync(string secret, Entry known)
    {
        try
        {
            await AskAsync(ApiKey.HashOf(secret), secret, known, CancellationToken.None);
        }
        catch (Exception)
        {
            // asked again by the next request
        }
        finally
        {
            known.EndAsking();
        }
    }

    private async ValueTask<Caller?> AskAsync(byte[] hash, string secret, Entry? last, CancellationToken cancellation)
    {
        var generation = _generation;
        Caller? caller;
        try
        {
            await using var scope = _scopes.CreateAsyncScope();
            caller = await scope.ServiceProvider.GetRequiredService<IdentityService>().FindCallerAsync(hash, cancellation);
        }
        catch (Exception failure) when (last is not null && Storage.DatabaseDown.Is(failure))
        {
            caller = last.Caller; // as before, until it answers again
        }
        if (caller is null)
        {
            _entries.TryRemove(secret, out _);
            return null;
        }
        if (_entries.Count >= Most)
            _entries.Clear();
        _entries[secret] = new Entry(caller, _clock.GetUtcNow() + Fresh, generation);
        return caller;
    }

    private sealed record Entry(Caller Caller, DateTimeOffset Until, int Generation)
    {
        private int _asking;

        public bool TryStartAsking() => Interlocked.Exchange(ref _asking, 1) == 0;

        public void EndAsking() => Volatile.Write(ref _asking, 0);
    }
}

using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Projects;

/// <summary>
/// Who may read which project, for the scoring path. Asked again after a while, and at once when memberships have changed (NOTIFY); while
/// PostgreSQL is down, who was known stays known.
/// </summary>
public sealed class MembershipCache
{
    private const int Most = 100_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(Guid User, Guid Project), Known> _known = new();
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;
    private volatile int _generation;

    public MembershipCache(IServiceScopeFactory scopes, TimeProvider clock, ChangeFeed changes)
    {
        (_scopes, _clock) = (scopes, clock);
        changes.Heard += (channel, payload) =>
        {
            // What names a deployment or a model changes no membership.
            if (channel == Notifications.Keys || channel == Notifications.Serving && Notifications.IdOf(payload) is null)
                Interlocked.Increment(ref _generation);
        };
    }

    public ValueTask<bool> IsMemberAsync(Caller caller, Guid projectId, CancellationToken cancellation)
    {
        if (!_known.TryGetValue((caller.UserId, projectId), out var known) || known.Generation != _generation)
            return AskAsync(caller, projectId, wasMember: known is not null, cancellation);
        var now = _clock.GetUtcNow();
        // Asked again behind the requests, by the one that moves the time on: a slow database does not slow who is known.
        if (known.Until < now && _known.TryUpdate((caller.UserId, projectId), known with { Until = now + Fresh }, known))
            _ = AskQuietlyAsync(caller, projectId);
        return ValueTask.FromResult(true);
    }

    private async Task AskQuietlyAsync(Caller caller, Guid projectId)
    {
        try
        {
            await AskAsync(caller, projectId, wasMember: true, CancellationToken.None);
        }
        catch (Exception)
        {
            // asked again when the time is over
        }
    }

    private async ValueTask<bool> AskAsync(Caller caller, Guid projectId, bool wasMember, CancellationToken cancellation)
    {
        var generation = _generation;
        try
        {
            await using var scope = _scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
            if (!await db.ProjectMembers.AnyAsync(m => m.ProjectId == projectId && m.UserId == caller.UserId, cancellation))
            {
                _known.TryRemove((caller.UserId, projectId), out _);
                return false;
            }
        }
        catch (Exception failure) when (wasMember && DatabaseDown.Is(failure))
        {
            // As before, until it answers again.
        }
        if (_known.Count >= Most)
            _known.Clear();
        _known[(caller.UserId, projectId)] = new Known(_clock.GetUtcNow() + Fresh, generation);
        return true;
    }

    private sealed record Known(DateTimeOffset Until, int Generation);
}

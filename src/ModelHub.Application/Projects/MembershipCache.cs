using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Projects;

/// <summary>Who may read which project, for the scoring path; short-lived, and dropped when memberships change (NOTIFY).</summary>
public sealed class MembershipCache
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(Guid User, Guid Project), DateTimeOffset> _until = new();
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;

    public MembershipCache(IServiceScopeFactory scopes, TimeProvider clock, ChangeFeed changes)
    {
        (_scopes, _clock) = (scopes, clock);
        changes.Heard += (channel, _) =>
        {
            if (channel is Notifications.Keys or Notifications.Serving)
                _until.Clear();
        };
    }

    public ValueTask<bool> IsMemberAsync(Caller caller, Guid projectId, CancellationToken cancellation)
    {
        if (!_until.TryGetValue((caller.UserId, projectId), out var until))
            return AskAsync(caller, projectId, wasMember: false, cancellation);
        var now = _clock.GetUtcNow();
        // Asked again behind the requests, by the one that moves the time on: a slow database does not slow who is known.
        if (until < now && _until.TryUpdate((caller.UserId, projectId), now + Fresh, until))
            _ = AskQuietlyAsync(caller, projectId);
        return ValueTask.FromResult(true);
    }

    private async Task AskQuietlyAsync(Caller caller, Guid projectId)
    {
        try
        {
            if (!await AskAsync(caller, projectId, wasMember: true, CancellationToken.None))
                _until.TryRemove((caller.UserId, projectId), out _);
        }
        catch (Exception)
        {
            // asked again when the time is over
        }
    }

    private async ValueTask<bool> AskAsync(Caller caller, Guid projectId, bool wasMember, CancellationToken cancellation)
    {
        try
        {
            await using var scope = _scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
            if (!await db.ProjectMembers.AnyAsync(m => m.ProjectId == projectId && m.UserId == caller.UserId, cancellation))
                return false;
        }
        catch (Exception failure) when (wasMember && DatabaseDown.Is(failure))
        {
            return true;
        }
        _until[(caller.UserId, projectId)] = _clock.GetUtcNow() + Fresh;
        return true;
    }
}

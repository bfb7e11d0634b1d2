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

    public ValueTask<bool> IsMemberAsync(Caller caller, Guid projectId, CancellationToken cancellation) =>
        _until.TryGetValue((caller.UserId, projectId), out var until) && until > _clock.GetUtcNow()
            ? ValueTask.FromResult(true)
            : AskAsync(caller, projectId, until != default, cancellation);

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

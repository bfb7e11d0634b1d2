using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Deployments;

/// <summary>
/// Deployments in memory with their models loaded: scoring asks no database. Another process's change is heard (NOTIFY), read and swapped
/// in while the old one goes on answering; what is older than <see cref="Fresh"/> is read again in the background. While PostgreSQL is
/// down, what is here goes on serving. The one longest unused leaves when there is no room for models otherwise.
/// </summary>
public sealed class DeploymentCache
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<Guid, Slot> _slots = new();
    private readonly IServiceScopeFactory _scopes;
    private readonly ModelCache _models;
    private readonly TimeProvider _clock;

    public DeploymentCache(IServiceScopeFactory scopes, ModelCache models, TimeProvider clock, ChangeFeed changes)
    {
        (_scopes, _models, _clock) = (scopes, models, clock);
        models.Crowded = DropIdle;
        changes.Heard += (channel, payload) =>
        {
            if (channel == Notifications.Serving && Notifications.IdOf(payload) is null) // one that names a deployment is ServingNodes' to hear
                Array.ForEach([.. _slots.Keys], known => _ = RefreshQuietlyAsync(known));
        };
    }

    /// <summary>Whether a deployment is in memory.</summary>
    public bool Holds(Guid id) => _slots.ContainsKey(id);

    /// <exception cref="ModelHubException">No such deployment, or its model cannot be loaded.</exception>
    public ValueTask<ServedDeployment> GetAsync(Guid id, CancellationToken cancellation)
    {
        if (!_slots.TryGetValue(id, out var slot) || slot.Served is not { } served)
            return new ValueTask<ServedDeployment>(RefreshAsync(id, cancellation));
        slot.Used = _clock.GetUtcNow();
        if (slot.Used - served.ReadAt > Fresh && slot.TryStartReading())
            _ = RefreshQuietlyAsync(id);
        return ValueTask.FromResult(served);
    }

    /// <summary>Reads a deployment anew; who asks after this has returned gets what it found.</summary>
    public async Task<ServedDeployment> RefreshAsync(Guid id, CancellationToken cancellation)
    {
        var readAt = _clock.GetUtcNow();
        var slot = _slots.GetOrAdd(id, _ => new Slot { Used = readAt }); // before reading: a change from now on finds it, and one that is deleted meanwhile is not seen again
        await using var scope = _scopes.CreateAsyncScope();
        var row = await scope.ServiceProvider.GetRequiredService<HubDbContext>().Set<Deployment>().AsNoTracking().Include(d => d.Models)
            .FirstOrDefaultAsync(d => d.Id == id, cancellation);
        if (row is null)
        {
            _slots.TryRemove(new KeyValuePair<Guid, Slot>(id, slot));
            slot.Close();
            throw ModelHubException.NotFound("deployment");
        }
        var models = new Dictionary<Guid, LoadedModel>();
        try
        {
            foreach (var model in row.Models.Select(m => m.ModelId).Distinct())
                models[model] = await _models.HoldAsync(model, cancellation);
            return slot.Offer(new ServedDeployment(row, models, readAt));
        }
        catch
        {
            foreach (var held in models.Values)
                held.Release();
            throw;
        }
    }

    /// <summary>Forgets the deployment longest unused; it is read again when it is asked for. False when all are in use.</summary>
    private bool DropIdle()
    {
        var now = _clock.GetUtcNow();
        var oldest = _slots.Where(s => s.Value.Served is not null && now - s.Value.Used > Idle).OrderBy(s => s.Value.Used).FirstOrDefault();
        if (oldest.Value is null)
            return false;
        if (_slots.TryRemove(oldest))
            oldest.Value.Close();
        return true;
    }

    private async Task RefreshQuietlyAsync(Guid id)
    {
        try
        {
            await RefreshAsync(id, CancellationToken.None);
        }
        catch (Exception)
        {
            // What was there goes on serving; the next request after a while tries again.
            if (_slots.TryGetValue(id, out var slot))
                slot.EndReading();
        }
    }

    private sealed class Slot
    {
        private int _reading;
        private bool _isClosed;
        private ServedDeployment? _served;
        private long _used;

        public ServedDeployment? Served => Volatile.Read(ref _served);

        /// <summary>When it was last asked for.</summary>
        public DateTimeOffset Used
        {
            get => new(Volatile.Read(ref _used), TimeSpan.Zero);
            set => Volatile.Write(ref _used, value.UtcTicks);
        }

        public bool TryStartReading() => Interlocked.Exchange(ref _reading, 1) == 0;

        public void EndReading() => Volatile.Write(ref _reading, 0);

        /// <summary>Keeps the newer of two revisions: readings may overtake each other.</summary>
        public ServedDeployment Offer(ServedDeployment read)
        {
            lock (this)
            {
                var (kept, left) = _served is null || read.Revision >= _served.Revision ? (read, _served) : (_served, read);
                if (_isClosed)
                    (kept, left) = (read, read); // for those who asked before it was deleted
                else
                    Volatile.Write(ref _served, kept);
                left?.Release();
                EndReading();
                return kept;
            }
        }

        /// <summary>The deployment is no more, or no more in memory.</summary>
        public void Close()
        {
            lock (this)
            {
                if (!_isClosed)
                    _served?.Release();
                _isClosed = true;
            }
        }
    }
}

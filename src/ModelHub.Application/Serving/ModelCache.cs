using System.Collections.Concurrent;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Serving;

/// <summary>
/// Models in memory, so that scoring reads neither the database nor the disk. Bounded: the one longest unused leaves first, but none that a
/// deployment holds. Dropped when it was deleted or changed anywhere (NOTIFY with its id; without one, all are); a runner is stopped
/// when nobody holds it any more.
/// </summary>
public sealed class ModelCache
{
    private const long MostBytes = 2L << 30;
    private readonly ConcurrentDictionary<Guid, Entry> _entries = new();
    private readonly IModelSource[] _sources;
    private readonly TimeProvider _clock;

    public ModelCache(IEnumerable<IModelSource> sources, TimeProvider clock, ChangeFeed changes)
    {
        (_sources, _clock) = ([.. sources], clock);
        changes.Heard += (channel, payload) =>
        {
            if (channel != Notifications.Serving)
                return;
            if (Notifications.IdOf(payload) is { } id)
                Drop(id);
            else
                Array.ForEach([.. _entries.Keys], Drop);
        };
    }

    /// <summary>A model that goes on running until <see cref="LoadedModel.Release"/>.</summary>
    /// <exception cref="ModelHubException">No such model, it was never trained, or its artifact is damaged.</exception>
    internal async Task<LoadedModel> HoldAsync(Guid id, CancellationToken cancellation)
    {
        while (true)
        {
            var model = await GetAsync(id, cancellation);
            if (model.TryHold())
                return model;
        }
    }

    /// <exception cref="ModelHubException">No such model, it was never trained, or its artifact is damaged.</exception>
    public async ValueTask<LoadedModel> GetAsync(Guid id, CancellationToken cancellation)
    {
        if (!_entries.TryGetValue(id, out var entry))
            entry = Add(id);
        entry.Used = _clock.GetTimestamp();
        try
        {
            return await entry.Model.Value.WaitAsync(cancellation);
        }
        catch (Exception) when (entry.Model.Value is { IsCompleted: true, IsCompletedSuccessfully: false })
        {
            _entries.TryRemove(new KeyValuePair<Guid, Entry>(id, entry));
            throw;
        }
    }

    /// <summary>Whose a model is, from the database; null for an unknown id.</summary>
    public async Task<ModelIdentity?> FindAsync(Guid id, CancellationToken cancellation)
    {
        foreach (var source in _sources)
        {
            if (await source.FindAsync(id, cancellation) is { } found)
                return found;
        }
        return null;
    }

    private Entry Add(Guid id) => _entries.GetOrAdd(id, _ => new Entry(new Lazy<Task<LoadedModel>>(() => LoadAsync(id))));

    private async Task<LoadedModel> LoadAsync(Guid id)
    {
        foreach (var source in _sources)
        {
            if (await source.LoadAsync(id, CancellationToken.None) is { } loaded)
            {
                Shrink(loaded.Size);
                return loaded;
            }
        }
        throw ModelHubException.NotFound("model");
    }

    private void Drop(Guid id)
    {
        if (_entries.TryRemove(id, out var entry) && entry.Model is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            entry.Model.Value.Result.Release();
    }

    private void Shrink(long coming)
    {
        var loaded = _entries.Where(e => e.Value.Model is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }).ToList();
        var bytes = coming + loaded.Sum(e => e.Value.Model.Value.Result.Size);
        foreach (var oldest in loaded.Where(e => !e.Value.Model.Value.Result.IsHeld).OrderBy(e => e.Value.Used))
        {
            if (bytes <= MostBytes)
                return;
            bytes -= oldest.Value.Model.Value.Result.Size;
            Drop(oldest.Key);
        }
    }

    private sealed class Entry(Lazy<Task<LoadedModel>> model)
    {
        public Lazy<Task<LoadedModel>> Model { get; } = model;

        public long Used { get; set; }
    }
}

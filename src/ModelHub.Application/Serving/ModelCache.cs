using System.Collections.Concurrent;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Serving;

/// <summary>
/// Models in memory, so that scoring reads neither the database nor the disk. Bounded: the one longest unused leaves first, those that a
/// deployment holds only after the deployment (<see cref="Crowded"/>). Dropped when it was deleted or changed anywhere (NOTIFY with its id;
/// without one, all are); a runner is stopped when nobody holds it any more.
/// </summary>
public sealed class ModelCache
{
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

    /// <summary>Models may take so much together.</summary>
    internal long MostBytes { get; init; } = 2L << 30;

    /// <summary>Asked to let go of held models, as long as it can (true) and there is no room otherwise.</summary>
    internal Func<bool> Crowded { get; set; } = () => false;

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
        if (_entries.TryRemove(id, out var entry))
            _ = LetGoAsync(entry);
    }

    /// <summary>What is still being loaded is let go of once it is there.</summary>
    private static async Task LetGoAsync(Entry entry)
    {
        try
        {
            (await entry.Model.Value).Release();
        }
        catch (Exception)
        {
            // Who asked for it is told why it could not be loaded.
        }
    }

    private void Shrink(long coming)
    {
        do
        {
            var loaded = _entries.Where(e => e.Value.Loaded is not null).ToList();
            var bytes = coming + loaded.Sum(e => e.Value.Loaded!.Size);
            foreach (var oldest in loaded.Where(e => !e.Value.Loaded!.IsHeld).OrderBy(e => e.Value.Used))
            {
                if (bytes <= MostBytes)
                    return;
                bytes -= oldest.Value.Loaded!.Size;
                Drop(oldest.Key);
            }
            if (bytes <= MostBytes)
                return;
        }
        while (Crowded());
    }

    private sealed class Entry(Lazy<Task<LoadedModel>> model)
    {
        public Lazy<Task<LoadedModel>> Model { get; } = model;

        /// <summary>Null while it is being loaded.</summary>
        public LoadedModel? Loaded => Model is { IsValueCreated: true, Value.IsCompletedSuccessfully: true } ? Model.Value.Result : null;

        public long Used { get; set; }
    }
}

using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;
using ModelHub.Engine;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Models;

/// <summary>A model ready to score, and whose it is.</summary>
public sealed record LoadedModel(Guid Id, Guid ProjectId, Guid ExperimentId, TrainedModel Model, long Size);

/// <summary>
/// Models in memory, so that scoring reads neither the database nor the disk. Bounded: the one longest unused leaves first. Dropped when
/// something was deleted anywhere (NOTIFY).
/// </summary>
public sealed class ModelCache
{
    private const long MostBytes = 2L << 30;
    private readonly ConcurrentDictionary<Guid, Entry> _entries = new();
    private readonly IServiceScopeFactory _scopes;
    private readonly IArtifactStore _store;
    private readonly TimeProvider _clock;

    public ModelCache(IServiceScopeFactory scopes, IArtifactStore store, TimeProvider clock, ChangeFeed changes)
    {
        (_scopes, _store, _clock) = (scopes, store, clock);
        changes.Heard += (channel, _) =>
        {
            if (channel == Notifications.Serving)
                _entries.Clear();
        };
    }

    /// <exception cref="ModelHubException">No such model, it was never trained, or its artifact is damaged.</exception>
    public async ValueTask<LoadedModel> GetAsync(Guid id, CancellationToken cancellation)
    {
        var entry = _entries.GetOrAdd(id, _ => new Entry(new Lazy<Task<LoadedModel>>(() => LoadAsync(id))));
        entry.Used = _clock.GetTimestamp();
        try
        {
            return await entry.Model.Value.WaitAsync(cancellation);
        }
        catch (Exception) when (!entry.Model.Value.IsCompletedSuccessfully)
        {
            _entries.TryRemove(new KeyValuePair<Guid, Entry>(id, entry));
            throw;
        }
    }

    private async Task<LoadedModel> LoadAsync(Guid id)
    {
        await using var scope = _scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        var row = await db.Models.AsNoTracking().Where(m => m.Id == id)
            .Select(m => new { m.ProjectId, m.ExperimentId, m.ArtifactSha256, m.FailureReason }).FirstOrDefaultAsync() ?? throw ModelHubException.NotFound("model");
        if (row.ArtifactSha256 is null)
            throw new ModelHubException(ErrorKind.WrongState, "model_failed", $"This model was not trained: {row.FailureReason}");
        await using var stream = await _store.OpenAsync(row.ArtifactSha256, CancellationToken.None);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes);
        try
        {
            var loaded = new LoadedModel(id, row.ProjectId, row.ExperimentId, TrainedModel.FromArtifact(bytes), bytes.Length);
            Shrink(bytes.Length);
            return loaded;
        }
        catch (EngineException damaged)
        {
            throw new ModelHubException(ErrorKind.Internal, "artifact_damaged", "The model's artifact is damaged.", inner: damaged);
        }
    }

    private void Shrink(long coming)
    {
        var loaded = _entries.Where(e => e.Value.Model is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }).ToList();
        var bytes = coming + loaded.Sum(e => e.Value.Model.Value.Result.Size);
        foreach (var oldest in loaded.OrderBy(e => e.Value.Used))
        {
            if (bytes <= MostBytes)
                return;
            bytes -= oldest.Value.Model.Value.Result.Size;
            _entries.TryRemove(oldest);
        }
    }

    private sealed class Entry(Lazy<Task<LoadedModel>> model)
    {
        public Lazy<Task<LoadedModel>> Model { get; } = model;

        public long Used { get; set; }
    }
}

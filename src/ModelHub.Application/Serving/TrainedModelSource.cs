using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;
using ModelHub.Application.Storage;
using ModelHub.Engine;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Serving;

/// <summary>Models that this hub has trained.</summary>
internal sealed class TrainedModelSource(IServiceScopeFactory scopes, IArtifactStore store) : IModelSource
{
    public async Task<LoadedModel?> LoadAsync(Guid id, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var row = await scope.ServiceProvider.GetRequiredService<HubDbContext>().Models.AsNoTracking().Where(m => m.Id == id)
            .Select(m => new { m.ProjectId, m.Name, m.ArtifactSha256, m.FailureReason, m.Report }).FirstOrDefaultAsync(cancellation);
        if (row is null)
            return null;
        var (trained, size) = await ReadAsync(store, Model.RequireArtifact(row.ArtifactSha256, row.FailureReason), cancellation);
        return new LoadedModel(id, row.ProjectId, row.Name, trained, size)
        {
            Conformal = JsonSerializer.Deserialize<KeptOfReport>(row.Report, StoredJson.Options)?.Conformal ?? [],
        };
    }

    /// <exception cref="ModelHubException">The artifact is damaged, or away.</exception>
    internal static async Task<(TrainedModel Model, long Bytes)> ReadAsync(IArtifactStore store, string sha256, CancellationToken cancellation)
    {
        await using var stream = await store.OpenAsync(sha256, cancellation);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellation);
        try
        {
            return (TrainedModel.FromArtifact(bytes), bytes.Length);
        }
        catch (EngineException damaged)
        {
            throw new ModelHubException(ErrorKind.Internal, "artifact_damaged", "The model's artifact is damaged.", inner: damaged);
        }
    }

    /// <summary>What scoring needs of a model's report.</summary>
    private sealed record KeptOfReport(IReadOnlyList<ConformalQuantile>? Conformal);

    public async Task<ModelIdentity?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var row = await scope.ServiceProvider.GetRequiredService<HubDbContext>().Models.AsNoTracking().Where(m => m.Id == id)
            .Select(m => new { m.ProjectId, m.Name, m.PredictionThreshold, m.FailureReason }).FirstOrDefaultAsync(cancellation);
        return row is null ? null : new ModelIdentity(
            id, row.ProjectId, row.Name, row.PredictionThreshold, row.FailureReason is { } reason ? $"This model was not trained: {reason}" : null);
    }
}

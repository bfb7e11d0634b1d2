using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Serving;

/// <summary>
/// A model that scores whole tables and is not one of the engine's: ONNX, a server in a sandbox. Thread-safe. Disposed when it is
/// dropped from memory; requests under way are answered first.
/// </summary>
public interface IModelRunner : IAsyncDisposable
{
    /// <summary>What it reads and gives. Inputs may be empty when the model does not say: it is then given every column.</summary>
    ModelHeader Header { get; }

    /// <summary>Gets ready, where that takes time or may fail.</summary>
    /// <exception cref="Errors.ModelHubException">It cannot be loaded or started.</exception>
    Task WarmAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Rows × (a probability per class; one value for a regression), row after row.</summary>
    /// <exception cref="Errors.ModelHubException">The model refuses the rows, fails, or answers something else than predictions.</exception>
    Task<double[]> PredictAsync(Table rows, CancellationToken cancellation);
}

/// <summary>Where models come from: trained here, uploaded, people's own code. Asked in turn for an id.</summary>
public interface IModelSource
{
    /// <summary>Null when the id is none of this source's.</summary>
    /// <exception cref="Errors.ModelHubException">It is, and cannot be served.</exception>
    Task<LoadedModel?> LoadAsync(Guid id, CancellationToken cancellation);

    /// <summary>Whose the model is, and what it is called, without loading it; null when it is none of this source's.</summary>
    Task<ModelIdentity?> FindAsync(Guid id, CancellationToken cancellation);
}

/// <summary>What a deployment has to know of a model before it loads it.</summary>
/// <param name="Threshold">Set on the model itself; null for none.</param>
/// <param name="Refusal">Why it cannot be deployed; null when it can.</param>
public sealed record ModelIdentity(Guid Id, Guid ProjectId, string Name, double? Threshold, string? Refusal);

using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Starts versions for work of the hub's own: those with code in a sandbox, model files in this process.</summary>
public sealed class VersionRuns(ModelPrograms programs, ModelCache cache)
{
    /// <exception cref="ModelHubException">There is nothing to run, or it does not start (with the end of its log).</exception>
    public async Task<RunningVersion> OpenAsync(Guid versionId, CancellationToken cancellation)
    {
        var (model, version, program) = await programs.FindAsync(versionId, cancellation) ?? throw ModelHubException.NotFound("custom model version");
        if (!version.HasCode)
            return new RunningVersion(model, version, await LoadAsync(versionId, cancellation));
        var server = programs.Serve(program);
        try
        {
            await server.WarmAsync(cancellation);
            return new RunningVersion(model, version, server, program.Replicas);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task<LoadedModel> LoadAsync(Guid versionId, CancellationToken cancellation)
    {
        try
        {
            return await cache.GetAsync(versionId, cancellation);
        }
        catch (ModelHubException unknown) when (unknown.Kind == ErrorKind.NotFound)
        {
            throw ModelHubException.Invalid(
                "customModelVersionId", "The version has nothing to run: neither start_server.sh nor custom.py nor a model file that is known here.");
        }
    }
}

/// <summary>A version that answers. Disposing ends what was started for it.</summary>
public sealed class RunningVersion : IAsyncDisposable
{
    private readonly ModelServer? _server;
    private readonly LoadedModel? _loaded;
    private string[]? _answers;

    internal RunningVersion(CustomModel model, CustomModelVersion version, ModelServer server, int replicas) =>
        (Model, Version, _server, Replicas, Classes) = (model, version, server, replicas, server.Header.Classes);

    internal RunningVersion(CustomModel model, CustomModelVersion version, LoadedModel loaded) =>
        (Model, Version, _loaded, Replicas, Classes) = (model, version, loaded, 1, loaded.Header.Classes);

    public CustomModel Model { get; }

    public CustomModelVersion Version { get; }

    /// <summary>How many requests it answers at once.</summary>
    public int Replicas { get; }

    public IReadOnlyList<string> Classes { get; }

    /// <summary>
    /// Rows × (a probability per class, or one value). Where answers are no numbers (texts, points): 1 for a row whose answer differs from
    /// that of the first table it was asked about, 0 for one that is the same.
    /// </summary>
    public async Task<double[]> PredictAsync(Table rows, CancellationToken cancellation)
    {
        if (_server is null)
            return await _loaded!.PredictAsync(rows, cancellation);
        if (ModelAnswers.IsNumeric(Model.TargetType))
            return await _server.PredictAsync(rows, cancellation);
        var answers = await _server.AnswerAsync(rows, cancellation);
        var first = _answers ??= answers;
        return [.. answers.Select((a, r) => r < first.Length && a == first[r] ? 0.0 : 1.0)];
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}

using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Registry;

/// <summary>A model file as a runner that is opened when it is first asked for.</summary>
internal sealed class FileRunner(ModelFiles files, string sha256, ModelTarget? target, bool isHint) : IModelRunner
{
    private OpenedModel? _opened;

    public ModelHeader Header => _opened!.Header;

    /// <exception cref="Errors.ModelHubException">The file does not hold a model that runs here.</exception>
    public async Task WarmAsync(CancellationToken cancellation) =>
        _opened ??= await files.OpenAsync(sha256, target, isHint, isNew: true, cancellation);

    public async Task<double[]> PredictAsync(Table rows, CancellationToken cancellation)
    {
        await WarmAsync(cancellation);
        return await _opened!.PredictAsync(rows, cancellation);
    }

    public ValueTask DisposeAsync() => _opened?.Runner?.DisposeAsync() ?? ValueTask.CompletedTask;
}

using System.Text;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.CustomModels;

/// <summary>The parts of a new version that have to be looked up: its environment, its data, what its requirements say.</summary>
public sealed class VersionParts(IArtifactStore store, EnvironmentService environments, TrainingDataChoice choice, ServerOffers offers)
{
    public async Task<(TrainingData? Training, TrainingData? Holdout)> TrainingAsync(
        Caller caller, CustomModel model, NewVersion wanted, CancellationToken cancellation)
    {
        if (wanted.Training is null && wanted.Holdout is null)
            return (null, null);
        if (!model.TrainingDataOfVersions)
            throw ModelHubException.Invalid("trainingData", "Training data of versions is not enabled for this model.");
        var training = wanted.Training is { } t ? await choice.FindAsync(caller, model, t, cancellation) : null;
        return (training, wanted.Holdout is { } h ? await choice.FindAsync(caller, model, h, cancellation) : null);
    }

    public async Task FurnishAsync(Caller caller, CustomModelVersion version, CustomModelVersion? kept, NewVersion wanted, CancellationToken cancellation)
    {
        var (environment, environmentVersion) = (kept?.EnvironmentId, kept?.EnvironmentVersionId);
        if (wanted.EnvironmentId is not null || wanted.EnvironmentVersionId is not null)
            (environment, environmentVersion) = await environments.ResolveAsync(caller, wanted.EnvironmentId, wanted.EnvironmentVersionId, cancellation);
        if (environment is null)
            throw ModelHubException.Invalid("baseEnvironmentId", "'baseEnvironmentId' or 'baseEnvironmentVersionId' is needed.");
        version.RunIn(environment, environmentVersion, offers.Settle(caller, kept?.Runtime ?? new CustomModelRuntime(), wanted.Runtime));
        version.Describe(null, wanted.Git, wanted.Metadata ?? kept?.Metadata ?? [], version.CreatedAt);
    }

    public async Task<IReadOnlyList<Dependency>> DependenciesAsync(IReadOnlyList<NewFile> files, CancellationToken cancellation)
    {
        if (files.FirstOrDefault(f => f.Path == Requirements.FileName) is not { } file)
            return [];
        if (file.Bytes.Size > Requirements.MostBytes)
            throw ModelHubException.Invalid("file", $"{Requirements.FileName} is larger than {Requirements.MostBytes} bytes.");
        await using var bytes = await store.OpenAsync(file.Bytes.Sha256, cancellation);
        using var reader = new StreamReader(bytes, Encoding.UTF8);
        return Requirements.Parse(await reader.ReadToEndAsync(cancellation));
    }
}

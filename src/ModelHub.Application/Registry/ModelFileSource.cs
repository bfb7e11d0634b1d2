using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Registry;

/// <summary>Versions of custom models that are a model file and no code of their own, run in this process.</summary>
internal sealed class ModelFileSource(IServiceScopeFactory scopes, ModelFiles files) : IModelSource
{
    public async Task<LoadedModel?> LoadAsync(Guid id, CancellationToken cancellation)
    {
        if (await ReadAsync(id, cancellation) is not var (model, version))
            return null;
        if (Refusal(model, version) is { } refusal)
            throw new ModelHubException(ErrorKind.WrongState, "not_deployable", refusal);
        var file = ModelFile(version)!;
        try
        {
            // An upload was looked at when it came; and it names no target, so that what the file says holds.
            var isUpload = version.Conversion is not null;
            var opened = await files.OpenAsync(file.Sha256, TargetOf(model), isHint: isUpload, isNew: !isUpload, cancellation);
            return opened.Loaded(id, model.ProjectId, $"{model.Name} {version.Label}", file.Size);
        }
        catch (ModelHubException broken) when (broken.Kind == ErrorKind.Invalid)
        {
            throw new ModelHubException(ErrorKind.WrongState, "not_deployable", broken.Message, inner: broken);
        }
    }

    public async Task<ModelIdentity?> FindAsync(Guid id, CancellationToken cancellation) =>
        await ReadAsync(id, cancellation) is var (model, version)
            ? new ModelIdentity(
                id, model.ProjectId, $"{model.Name} {version.Label}",
                model.TargetType == TargetType.Binary ? model.Target.Threshold : null, Refusal(model, version))
            : null;

    /// <summary>
    /// The file that is the version's model: the only one there is, or the only one whose name is a model file's. Null when it has code.
    /// </summary>
    internal static CustomModelFile? ModelFile(CustomModelVersion version)
    {
        if (version.HasCode)
            return null;
        if (version.Files.Count == 1)
            return version.Files[0];
        var candidates = version.Files.Where(f => ModelFiles.Looks(f.Path) && f.Path != Requirements).ToList();
        return candidates.Count == 1 ? candidates[0] : candidates.Find(f => ModelFiles.IsPlain(f.Path));
    }

    /// <summary>What a version predicts as its model says; null when only the file says.</summary>
    internal static ModelTarget? TargetOf(CustomModel model) => model.TargetType switch
    {
        TargetType.Regression or TargetType.Anomaly => new ModelTarget(TaskKind.Regression, model.Target.Name ?? "target", []),
        TargetType.Binary => new ModelTarget(
            TaskKind.Binary, model.Target.Name ?? "target", [model.Target.NegativeClass ?? "0", model.Target.PositiveClass ?? "1"],
            model.Target.Threshold),
        TargetType.Multiclass => new ModelTarget(TaskKind.Multiclass, model.Target.Name ?? "target", model.Target.Classes),
        _ => null,
    };

    private const string Requirements = "requirements.txt";

    private static string? Refusal(CustomModel model, CustomModelVersion version) =>
        model.Type == CustomModelType.Training ? "A training model cannot be deployed."
        : version.Status == VersionStatus.Error ? $"This version could not be loaded: {version.ErrorSummary}"
        : version.Status != VersionStatus.Ready ? "This version is still being checked; ask again in a moment."
        : model.TargetType is TargetType.Regression or TargetType.Binary or TargetType.Multiclass or TargetType.Anomaly ? null
        : $"A model with target type {model.TargetType} does not score rows and cannot be deployed.";

    private async Task<(CustomModel, CustomModelVersion)?> ReadAsync(Guid id, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        var version = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files)
            .FirstOrDefaultAsync(v => v.Id == id, cancellation);
        if (version is null || ModelFile(version) is null)
            return null;
        // It may be deleted just now.
        return await db.Set<CustomModel>().AsNoTracking().FirstOrDefaultAsync(m => m.Id == version.ModelId, cancellation) is { } model ? (model, version) : null;
    }
}

using ModelHub.Application.Artifacts;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.CustomModels.Templates;

/// <summary>Makes custom models from templates: the model, and a first version that runs.</summary>
public sealed class TemplateService(CustomModelService models, VersionService versions, ServerOffers offers, IArtifactStore store)
{
    public async Task<CustomModelVersion> CreateAsync(Caller caller, Guid templateId, Guid bundleId, Guid secretId, CancellationToken cancellation)
    {
        var template = Find(ServerOffers.Templates, t => t.Id == templateId, "templateId");
        var bundle = Find(offers.Bundles, b => b.Id == bundleId, "resourceBundleId");
        var secret = Find(offers.SecretsOf(caller), s => s.Id == secretId, "secretConfigId");
        var target = new CustomModelTarget { Name = "target", PositiveClass = "1", NegativeClass = "0" };
        var runtime = new CustomModelRuntime { BundleId = bundle.Id, SecretConfigId = secret.Id };
        var made = await models.CreateAsync(
            caller,
            new NewCustomModel(template.Name, template.Target, target)
            {
                Description = template.Description, Language = "python", Runtime = runtime, TemplateId = template.Id,
            },
            cancellation);
        var files = new List<NewFile>();
        foreach (var name in template.Files)
        {
            await using var bytes = typeof(TemplateService).Assembly.GetManifestResourceStream($"template/{template.Folder}/{name}")
                ?? throw new InvalidOperationException($"The template's {name} is not part of the program.");
            files.Add(new NewFile(name, await store.PutAsync((target, stop) => bytes.CopyToAsync(target, stop), cancellation)));
        }
        var view = await versions.CreateAsync(
            caller, made.Model.Id,
            new NewVersion(IsMajor: true) { Files = files, EnvironmentId = ExecutionEnvironment.BuiltInId, Runtime = runtime }, cancellation);
        return view.Version;
    }

    private static T Find<T>(IReadOnlyList<T> offers, Func<T, bool> isIt, string field)
        where T : class =>
        offers.FirstOrDefault(isIt) ?? throw ModelHubException.Invalid(field, "The server offers nothing of this id.");
}

using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Registry;

namespace ModelHub.Application.Pipelines;

/// <summary>
/// A model version as somebody names it: by its id or number (or only the model's name: the newest), perhaps with its hash.
/// </summary>
public sealed record NamedModel(string? Name, string? Version, string? Sha256, double Weight = 1);

/// <summary>What is asked of a pipeline's definition.</summary>
public sealed record WantedDefinition(IReadOnlyList<NamedModel> Models, string? HashKey = null);

/// <summary>Finds the models that definitions name.</summary>
public sealed class PipelineModels(RegistryService registry)
{
    /// <exception cref="ModelHubException">A model is unknown, of another workspace, or not what its name and hash say.</exception>
    public async Task<PipelineDefinition> ResolveAsync(Caller caller, Guid projectId, WantedDefinition wanted,
        CancellationToken cancellation)
    {
        if (wanted.Models.Count > PipelineDefinition.MostModels)
            throw ModelHubException.Invalid("definition", $"A split is among {PipelineDefinition.MostModels} models at most.");
        if (wanted.HashKey?.Length is 0 or > 1000)
            throw ModelHubException.Invalid("definition", "'hash_key' is the name of a column.");
        var shares = new List<PipelineShare>();
        foreach (var model in wanted.Models)
        {
            var version = await FindAsync(caller, projectId, model, cancellation);
            shares.Add(new PipelineShare(version.Id, version.Model.Name, version.File.Sha256, model.Weight));
        }
        return new PipelineDefinition(shares, wanted.HashKey).Checked();
    }

    private async Task<RegistryVersion> FindAsync(Caller caller, Guid projectId, NamedModel wanted, CancellationToken cancellation)
    {
        var number = long.TryParse(wanted.Version, System.Globalization.CultureInfo.InvariantCulture, out var said) ? said : (long?)null;
        if (wanted.Name is null && number is null)
            throw ModelHubException.Invalid("definition", "A model is named by its 'name' and 'version'.");
        var found = (await registry.VersionsAsync(caller, wanted.Name, number, cancellation)).Where(v => v.Model.ProjectId == projectId)
            .ToList();
        var version = number is { } own ? found.Find(v => v.Number == own) ?? found.FirstOrDefault()
            : wanted.Version is { } id ? found.Find(v => v.Id.ToString() == id) : found.FirstOrDefault();
        if (version is null)
            throw new ModelHubException(ErrorKind.NotFound, "not_found",
                $"There is no such version of the model '{Short(wanted.Name)}' in this workspace.");
        if (wanted.Sha256 is { Length: > 0 } sha && !string.Equals(sha, version.File.Sha256, StringComparison.OrdinalIgnoreCase))
            throw ModelHubException.Invalid("definition", $"The 'sha' of the model '{version.Model.Name}' is another one.");
        return version;
    }

    private static string Short(string? name) => name is null ? "" : name.Length <= 60 ? name : name[..60] + "…";
}

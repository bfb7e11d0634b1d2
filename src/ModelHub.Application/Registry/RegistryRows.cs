using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Deployments;
using ModelHub.Application.Models;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Registry;

/// <summary>Custom models and trained ones as models of the registry, with what is known of them elsewhere.</summary>
public sealed class RegistryRows(HubDbContext db)
{
    private const int MostVersions = 10_000;

    public async Task<IReadOnlyList<RegistryModel>> OfAsync(
        IReadOnlyList<CustomModel> own, IReadOnlyList<Model> trained, CancellationToken cancellation)
    {
        var ownIds = own.Select(m => m.Id).ToList();
        var versions = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).Where(v => ownIds.Contains(v.ModelId))
            .OrderByDescending(v => v.CreatedAt).ThenByDescending(v => v.Number).Take(MostVersions).ToListAsync(cancellation);
        var runs = await MakersAsync(trained, cancellation);
        var known = await KnownAsync([.. own.Select(m => m.ProjectId), .. trained.Select(m => m.ProjectId)],
            [.. versions.Select(v => v.Id), .. trained.Select(m => m.Id)], [.. versions.Select(v => v.CreatedBy), .. runs.Values],
                cancellation);
        var byModel = versions.ToLookup(v => v.ModelId);
        return
        [
            .. own.Select(m => Of(m, byModel[m.Id], known)),
            .. trained.Select(m => Of(m, runs.GetValueOrDefault(m.ExperimentId), known)),
        ];
    }

    private static RegistryModel Of(CustomModel model, IEnumerable<CustomModelVersion> versions, Known known)
    {
        var made = new RegistryModel(
            model.Id, model.Number, model.Name, model.ProjectId, model.CreatedBy, model.Visibility, model.CreatedAt, model.UpdatedAt)
        {
            WorkspaceNumber = known.Workspaces[model.ProjectId],
        };
        return made with { Versions = [.. versions.Select(v => Of(v, made, known))] };
    }

    private static RegistryVersion Of(CustomModelVersion version, RegistryModel model, Known known)
    {
        var conversion = version.Conversion is { } said
            ? JsonSerializer.Deserialize<Conversion>(said)! : new Conversion { Framework = RuntimeOf(version), PythonVersion = "3" };
        return new RegistryVersion
        {
            Model = model, Id = version.Id, Number = version.Number, Status = version.Status, ErrorSummary = version.ErrorSummary,
            CreatedAt = version.CreatedAt, CreatedBy = known.Names.GetValueOrDefault(version.CreatedBy, ""),
            IsDeployed = known.Deployed.Contains(version.Id),
            TaskId = known.Tasks.TryGetValue(version.Id, out var task) ? task : null,
            Conversion = conversion, Runtime = RuntimeOf(version), File = VersionFile.Of(version, conversion),
        };
    }

    /// <summary>A trained model is its own only version.</summary>
    private static RegistryModel Of(Model model, Guid maker, Known known)
    {
        var made = new RegistryModel(
            model.Id, model.Number, model.Name, model.ProjectId, maker, Visibility.Private, model.CreatedAt, model.CreatedAt)
        {
            WorkspaceNumber = known.Workspaces[model.ProjectId],
        };
        return made with
        {
            Versions =
            [
                new RegistryVersion
                {
                    Model = made, Id = model.Id, Number = model.VersionNumber,
                    Status = model.ArtifactSha256 is null ? VersionStatus.Error : VersionStatus.Ready, ErrorSummary = model.FailureReason,
                    CreatedAt = model.CreatedAt, CreatedBy = known.Names.GetValueOrDefault(maker, ""),
                    IsDeployed = known.Deployed.Contains(model.Id),
                    Conversion = new Conversion { Framework = "modelhub", PythonVersion = "3" }, Runtime = "modelhub",
                    File = new VersionFile(model.Name + ".modelhub", model.ArtifactSha256 ?? "", model.SizeBytes),
                },
            ],
        };
    }

    private async Task<Known> KnownAsync(List<Guid> projects, List<Guid> ids, List<Guid> makers, CancellationToken cancellation)
    {
        var deployed = await db.Set<DeploymentModel>().Where(m => ids.Contains(m.ModelId)).Select(m => m.ModelId).Distinct()
            .ToListAsync(cancellation);
        var jobs = await db.Jobs.Where(j => j.Kind == ConversionHandler.JobKind && j.SubjectId != null && ids.Contains(j.SubjectId.Value))
            .Select(j => new { Subject = j.SubjectId!.Value, j.Id }).ToListAsync(cancellation);
        return new Known(
            await db.Projects.Where(p => projects.Contains(p.Id)).ToDictionaryAsync(p => p.Id, p => p.Number, cancellation),
            await db.Users.Where(u => makers.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.Email ?? u.Username, cancellation),
            [.. deployed], jobs.GroupBy(j => j.Subject).ToDictionary(g => g.Key, g => g.First().Id));
    }

    private async Task<Dictionary<Guid, Guid>> MakersAsync(IReadOnlyList<Model> trained, CancellationToken cancellation)
    {
        var runs = trained.Select(m => m.ExperimentId).Distinct().ToList();
        return await db.Experiments.Where(x => runs.Contains(x.Id)).ToDictionaryAsync(x => x.Id, x => x.CreatedBy, cancellation);
    }

    private static string RuntimeOf(CustomModelVersion version) => version.Framework is { } known ? known
        : version.HasCode ? "custom"
        : version.Files is [var only] ? Path.GetExtension(only.Path).ToLowerInvariant() switch
        {
            ".onnx" => "onnx",
            ".ubj" or ".json" => "xgboost",
            ".txt" => "lightgbm",
            ".modelhub" => "modelhub",
            _ => "custom",
        } : "custom";

    /// <summary>By project, by user, and what is deployed or being checked.</summary>
    private sealed record Known(
        Dictionary<Guid, long> Workspaces, Dictionary<Guid, string> Names, HashSet<Guid> Deployed, Dictionary<Guid, Guid> Tasks);
}

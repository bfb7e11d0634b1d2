using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Registry;

/// <summary>A version as the registry shows it.</summary>
/// <param name="TaskId">The job that checks it; null for none.</param>
public sealed record RegistryVersion(
    CustomModel Model, CustomModelVersion Version, long WorkspaceNumber, string CreatedBy, bool IsDeployed, Guid? TaskId)
{
    /// <summary>How it was asked to be converted; what came through another door was not.</summary>
    public Conversion Conversion { get; } = Version.Conversion is { } said
        ? JsonSerializer.Deserialize<Conversion>(said)! : new Conversion { Framework = RuntimeOf(Version), PythonVersion = "3" };

    /// <summary>What runs it: by what it was found to be, else what it is said to be.</summary>
    public string Runtime => RuntimeOf(Version);

    /// <summary>The uploaded file; of several, the first's name, the size of all, and the hash of their names and hashes.</summary>
    public VersionFile File { get; } = VersionFile.Of(Version);

    private static string RuntimeOf(CustomModelVersion version) => version.Framework is { } known ? known
        : version.Files.Any(f => f.Path is "custom.py" or "start_server.sh") ? "custom"
        : version.Files is [var only] ? Path.GetExtension(only.Path).ToLowerInvariant() switch
        {
            ".onnx" => "onnx",
            ".ubj" or ".json" => "xgboost",
            ".txt" => "lightgbm",
            ".modelhub" => "modelhub",
            _ => "custom",
        } : "custom";
}

/// <summary>A version's files as one.</summary>
public sealed record VersionFile(string Name, string Sha256, long Size)
{
    public static VersionFile Of(CustomModelVersion version)
    {
        var files = version.Files.OrderBy(f => f.Ordinal).ToList();
        if (files.Count == 1)
            return new VersionFile(files[0].Path, version.UploadSha256 ?? files[0].Sha256, files[0].Size);
        var sha = version.UploadSha256
            ?? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
                string.Concat(files.Select(f => $"{f.Path}\n{f.Sha256}\n")))));
        return new VersionFile(files.Count == 0 ? "" : files[0].Path, sha, files.Sum(f => f.Size));
    }
}

/// <summary>A model with its versions, the newest first.</summary>
public sealed record RegistryModel(CustomModel Model, IReadOnlyList<RegistryVersion> Versions);

/// <summary>Models and versions by their numbers. A model's number stands for its newest version where a version is asked for.</summary>
public sealed class RegistryService(HubDbContext db, CustomModelAccess access, WorkspaceService workspaces)
{
    private const int MostListed = 10_000;

    public async Task<(Workspace Workspace, IReadOnlyList<RegistryModel> Models)> ListAsync(
        Caller caller, long workspaceNumber, CancellationToken cancellation)
    {
        var workspace = await workspaces.GetAsync(caller, workspaceNumber, ProjectRole.Viewer, cancellation);
        var models = await access.Visible(caller).AsNoTracking().Where(m => m.ProjectId == workspace.Project.Id)
            .OrderByDescending(m => m.UpdatedAt).ThenBy(m => m.Id).Take(MostListed).ToListAsync(cancellation);
        var versions = await VersionsAsync(models, cancellation);
        return (workspace, [.. models.Select(m => new RegistryModel(m, [.. versions.Where(v => v.Model.Id == m.Id)]))]);
    }

    /// <param name="number">A version's or a model's.</param>
    public async Task<RegistryVersion> GetAsync(Caller caller, long number, CancellationToken cancellation)
    {
        var model = await ByNumberAsync(caller, number, cancellation) ?? throw ModelHubException.NotFound("model version");
        var versions = await VersionsAsync([model], cancellation);
        return versions.FirstOrDefault(v => v.Version.Number == number) ?? (model.Number == number ? versions.FirstOrDefault() : null)
            ?? throw ModelHubException.NotFound("model version");
    }

    /// <summary>Versions of the models with a name, of the model with a number (or a version with it), or of both; the newest first.</summary>
    public async Task<IReadOnlyList<RegistryVersion>> VersionsAsync(
        Caller caller, string? name, long? number, CancellationToken cancellation)
    {
        if (number is { } wanted)
        {
            var model = await ByNumberAsync(caller, wanted, cancellation);
            return model is null || name is not null && model.Name != name ? [] : await VersionsAsync([model], cancellation);
        }
        var models = await access.Visible(caller).AsNoTracking().Where(m => m.Name == name).Take(MostListed).ToListAsync(cancellation);
        return await VersionsAsync(models, cancellation);
    }

    private async Task<CustomModel?> ByNumberAsync(Caller caller, long number, CancellationToken cancellation) =>
        await access.Visible(caller).AsNoTracking()
            .Where(m => m.Number == number || db.Set<CustomModelVersion>().Any(v => v.ModelId == m.Id && v.Number == number))
            .FirstOrDefaultAsync(cancellation);

    private async Task<IReadOnlyList<RegistryVersion>> VersionsAsync(IReadOnlyList<CustomModel> models, CancellationToken cancellation)
    {
        var byId = models.ToDictionary(m => m.Id);
        var wanted = byId.Keys.ToList();
        var versions = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).Where(v => wanted.Contains(v.ModelId))
            .OrderByDescending(v => v.CreatedAt).ThenByDescending(v => v.Number).Take(MostListed).ToListAsync(cancellation);
        var ids = versions.Select(v => v.Id).ToList();
        var deployed = await db.Set<DeploymentModel>().Where(m => ids.Contains(m.ModelId)).Select(m => m.ModelId).ToHashSetAsync(cancellation);
        var jobs = await db.Jobs.Where(j => j.Kind == ConversionHandler.JobKind && j.SubjectId != null && ids.Contains(j.SubjectId.Value))
            .Select(j => new { j.SubjectId, j.Id }).ToListAsync(cancellation);
        var projects = models.Select(m => m.ProjectId).Distinct().ToList();
        var numbers = await db.Projects.Where(p => projects.Contains(p.Id)).ToDictionaryAsync(p => p.Id, p => p.Number, cancellation);
        var makers = versions.Select(v => v.CreatedBy).Distinct().ToList();
        var names = await db.Users.Where(u => makers.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.Email ?? u.Username, cancellation);
        return [.. versions.Select(v => new RegistryVersion(
            byId[v.ModelId], v, numbers[byId[v.ModelId].ProjectId], names.GetValueOrDefault(v.CreatedBy, ""), deployed.Contains(v.Id),
            jobs.Find(j => j.SubjectId == v.Id)?.Id))];
    }
}

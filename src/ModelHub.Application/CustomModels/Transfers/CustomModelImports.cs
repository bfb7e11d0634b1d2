using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Registry;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Transfers;

/// <summary>Custom models that another hub exported. What their manifests say of people, data and tests is kept as told and never followed.</summary>
public sealed class CustomModelImports(HubDbContext db, ProjectAccess access, TransferReader reader, JobService jobs, ServerOffers offers, TimeProvider clock)
{
    /// <summary>Where a model keeps what it was imported with.</summary>
    internal const string Lineage = "lineage";

    /// <param name="name">Null for the name that it had.</param>
    /// <exception cref="ModelHubException">The file is damaged or was changed, the name is taken, or a model predicts otherwise here.</exception>
    public async Task<CustomModel> ImportAsync(Caller caller, Guid projectId, string? name, Stream file, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, projectId, ProjectRole.Editor, "project", cancellation);
        var (manifest, artifacts) = await reader.ReadAsync(file, cancellation);
        var now = clock.GetUtcNow();
        var model = ModelOf(caller, projectId, Names.Checked(name ?? manifest.Name), manifest, now);
        var versions = manifest.Versions.OrderBy(v => v.Major).ThenBy(v => v.Minor).Select(v => (Told: v, Made: VersionOf(caller, model, v, artifacts, now))).ToList();
        foreach (var (told, made) in versions)
        {
            await reader.CheckAsync(model, made, told, cancellation);
            made.RunIn(await EnvironmentAsync(caller, told, cancellation), null, made.Runtime);
        }
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await access.RequireRoomAsync(projectId, artifacts.Values, cancellation);
        var place = $"{projectId}/{model.Name}"; // as uploads take it: one name in a project is one model of the registry's
        await db.Database.ExecuteSqlAsync($"select pg_advisory_xact_lock(hashtextextended({place}, 11))", cancellation);
        if (await db.Set<CustomModel>().AnyAsync(m => m.ProjectId == projectId && m.Name == model.Name, cancellation))
            throw ModelHubException.Conflict("name_taken", $"The project has a custom model '{model.Name}' already; say another 'name'.");
        foreach (var stored in artifacts.Values.OrderBy(a => a.Sha256, StringComparer.Ordinal))
            await ArtifactRows.EnsureAsync(db, stored, now, cancellation);
        db.Add(model);
        foreach (var (told, made) in versions)
        {
            db.Add(made);
            model.Point(made, now);
            if (told.FeatureImpact is { } impact)
                await VersionInsight.PutAsync(db, made.Id, InsightKind.FeatureImpact, JsonSerializer.Serialize(impact, StoredJson.Options), now);
            // This hub looks at uploads itself, as at any other.
            if (told.Conversion is not null)
                await jobs.EnqueueAsync(new Job(ConversionHandler.JobKind, JobLane.Light, caller.UserId, projectId, made.Id, "{}", now), cancellation);
        }
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return model;
    }

    public Task<List<CustomModelVersion>> VersionsAsync(CustomModel model, CancellationToken cancellation) =>
        db.Set<CustomModelVersion>().AsNoTracking().Where(v => v.ModelId == model.Id).OrderBy(v => v.Major).ThenBy(v => v.Minor).ToListAsync(cancellation);

    private CustomModel ModelOf(Caller caller, Guid projectId, string name, CustomModelManifest told, DateTimeOffset now)
    {
        var model = new CustomModel(projectId, name, told.TargetType, caller.UserId, now);
        model.Rename(name, told.Description, told.Language, now);
        model.Become(told.Type, userProvidedId: null);
        model.Aim(told.Target, isFixed: false, now);
        model.RunWith(Here(told.Runtime), now);
        model.KeepTrainingDataOfVersions(told.TrainingDataOfVersions);
        model.Remember(told.Git, JsonSerializer.Serialize(
            new Dictionary<string, object> { [Lineage] = new { imported_at = now, imported_by = caller.Username, manifest = told } }, CustomModelManifest.Json));
        return model;
    }

    private CustomModelVersion VersionOf(
        Caller caller, CustomModel model, ManifestVersion told, IReadOnlyDictionary<string, StoredArtifact> artifacts, DateTimeOffset now)
    {
        var version = new CustomModelVersion(model.Id, told.Major, told.Minor, caller.UserId, now);
        version.RunIn(null, null, Here(told.Runtime));
        version.Describe(told.Description, told.Git, told.Metadata, now);
        version.Upload(
            told.Framework, told.Conversion is { } conversion ? JsonSerializer.Serialize(conversion) : null, told.UploadSha256,
            told.Conversion is null ? VersionStatus.Ready : VersionStatus.PendingLoadNative);
        var files = told.Conversion is null ? told.Files
            : [new ManifestFile(ArchivePath.Clean(told.Conversion.FileName ?? "model", "file"), told.UploadSha256!, 0, null)];
        foreach (var (file, at) in files.Select((f, at) => (f, at)))
        {
            var row = new CustomModelFile(version.Id, at, file.Path, file.Sha256, artifacts[file.Sha256].Size, now);
            row.ComeFrom(file.Origin);
            version.Add(row);
        }
        return version;
    }

    /// <summary>Secrets, and bundles that this hub does not have, stay where they were.</summary>
    private CustomModelRuntime Here(CustomModelRuntime told) => told with { SecretConfigId = null, BundleId = offers.BundleOf(told.BundleId)?.Id };

    /// <summary>One that the caller may use and that is called the same; otherwise it runs in what this hub runs models in.</summary>
    private async Task<Guid?> EnvironmentAsync(Caller caller, ManifestVersion told, CancellationToken cancellation) => told.Environment is null ? null
        : await db.Set<ExecutionEnvironment>()
            .Where(e => e.DeletedAt == null && e.Name == told.Environment && (e.IsPublic || e.Grants.Any(g => g.UserId == caller.UserId)))
            .OrderBy(e => e.CreatedAt).Select(e => (Guid?)e.Id).FirstOrDefaultAsync(cancellation);
}

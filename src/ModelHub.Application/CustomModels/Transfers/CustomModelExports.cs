using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Environments;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Transfers;

/// <summary>A custom model with its versions as one file for another hub.</summary>
public sealed class CustomModelExports(HubDbContext db, CustomModelAccess access, GoldenRows golden, IArtifactStore store)
{
    private const int MostTests = 20;

    /// <summary>The model of this number, or of a version of this number, as the registry's users know them.</summary>
    public async Task<Guid> FindAsync(long number, CancellationToken cancellation) => await db.Set<CustomModel>()
        .Where(m => m.Number == number || db.Set<CustomModelVersion>().Any(v => v.ModelId == m.Id && v.Number == number))
        .Select(m => m.Id).FirstOrDefaultAsync(cancellation);

    /// <returns>A temporary file that goes with its stream, and the model's name.</returns>
    public async Task<(Stream File, string Name)> PackAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var manifest = await ManifestAsync(caller, id, cancellation);
        var description = JsonSerializer.SerializeToUtf8Bytes(manifest, CustomModelManifest.Json);
        return (await ArtifactArchive.PackAsync(store, description, manifest.Versions.SelectMany(v => v.Artifacts()), cancellation), manifest.Name);
    }

    public async Task<CustomModelManifest> ManifestAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var model = await access.RequireAsync(caller, id, SharingRight.Use, cancellation);
        var versions = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).Where(v => v.ModelId == id)
            .OrderBy(v => v.Major).ThenBy(v => v.Minor).ToListAsync(cancellation);
        var told = new List<ManifestVersion>();
        foreach (var version in versions)
            told.Add(await ToldAsync(model, version, cancellation));
        return new CustomModelManifest
        {
            Id = model.Id, Name = model.Name, Description = model.Description, Language = model.Language, Type = model.Type, TargetType = model.TargetType,
            Target = model.Target, Runtime = model.Runtime, TrainingDataOfVersions = model.TrainingDataOfVersions, TrainingData = model.TrainingData, Git = model.Git,
            CreatedAt = model.CreatedAt, Versions = told,
            Lineage = JsonSerializer.Deserialize<JsonElement>(model.Extra) is var extra && extra.TryGetProperty(CustomModelImports.Lineage, out var lineage) ? lineage : null,
        };
    }

    private async Task<ManifestVersion> ToldAsync(CustomModel model, CustomModelVersion version, CancellationToken cancellation)
    {
        var environment = await db.Set<ExecutionEnvironment>().Where(e => e.Id == version.EnvironmentId).Select(e => e.Name).FirstOrDefaultAsync(cancellation);
        var impact = await db.Set<VersionInsight>().Where(i => i.VersionId == version.Id && i.Kind == InsightKind.FeatureImpact)
            .Select(i => i.Content).FirstOrDefaultAsync(cancellation);
        var tests = await db.Set<CustomModelTest>().AsNoTracking().Where(t => t.VersionId == version.Id && t.CompletedAt != null)
            .OrderByDescending(t => t.CreatedAt).Take(MostTests).ToListAsync(cancellation);
        return new ManifestVersion
        {
            Id = version.Id, Major = version.Major, Minor = version.Minor, Description = version.Description, Environment = environment, Runtime = version.Runtime,
            TrainingData = version.TrainingData, HoldoutData = version.HoldoutData, Git = version.Git, Metadata = version.Metadata, Framework = version.Framework,
            Conversion = version.Conversion is { } conversion ? JsonSerializer.Deserialize<Registry.Conversion>(conversion) : null, UploadSha256 = version.UploadSha256,
            Status = version.Status, ErrorSummary = version.ErrorSummary, CreatedAt = version.CreatedAt,
            Files = [.. version.Files.OrderBy(f => f.Ordinal).Select(f => new ManifestFile(f.Path, f.Sha256, f.Size, f.Origin))],
            Golden = (await golden.PredictAsync(model, version, isNew: false, cancellation))?.Outputs,
            FeatureImpact = impact is null ? null : JsonSerializer.Deserialize<FeatureImpact>(impact, StoredJson.Options),
            Tests = [.. tests.Select(t => new ManifestTest(t.CreatedAt, t.Status, t.Results))],
        };
    }
}

using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;
using ModelHub.Engine;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Models;

/// <summary>
/// Models from one hub to another: the file and its manifest. A file is accepted when its checksum fits and its golden rows give here, to
/// the last bit, what they gave where it was made.
/// </summary>
public sealed class ModelImports(HubDbContext db, ProjectAccess access, ModelService models, IArtifactStore store, TimeProvider clock)
{
    public const long LargestFile = 512L << 20;

    /// <summary>Experiments of this origin hold a model that was imported, and no search.</summary>
    public const string Origin = "import";

    public async Task<ModelManifest> ManifestAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var model = (await models.GetAsync(caller, id, cancellation)).Model;
        var sha256 = model.RequireArtifact();
        var from = await (from x in db.Experiments.AsNoTracking()
                          join v in db.DatasetVersions.AsNoTracking() on x.DatasetVersionId equals v.Id into versions
                          from v in versions.DefaultIfEmpty()
                          where x.Id == model.ExperimentId
                          select new { x, Hash = (string?)v.ContentHash, Rows = (long?)v.RowCount }).RequireAsync("model", cancellation);
        return new ModelManifest
        {
            Id = model.Id, Name = model.Name, Algorithm = model.Algorithm, Task = model.Task, ArtifactSha256 = sha256,
            CreatedAt = model.CreatedAt, TrainSeconds = model.TrainSeconds, MicrosPerRow = model.MicrosPerRow, Metrics = model.Metrics,
            FoldScores = model.FoldScores, Parameters = JsonSerializer.Deserialize<JsonElement>(model.Parameters),
            Report = JsonSerializer.Deserialize<ModelReport>(model.Report, StoredJson.Options),
            Experiment = from.x.Origin == Origin ? null : new ManifestExperiment(
                from.x.Id, from.x.Name, from.x.Target, from.x.ProblemType, from.x.Config, from.x.DatasetId, from.x.DatasetVersionId, from.Hash, from.Rows),
            Lineage = model.Lineage is { } lineage ? JsonSerializer.Deserialize<JsonElement>(lineage) : null,
        };
    }

    /// <summary>The file and its manifest as one.</summary>
    /// <returns>A temporary file that goes with its stream, and the model's name.</returns>
    public async Task<(Stream File, string Name)> PackAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var manifest = await ManifestAsync(caller, id, cancellation);
        return (await ArtifactArchive.PackAsync(
            store, JsonSerializer.SerializeToUtf8Bytes(manifest, ModelManifest.Json), [manifest.ArtifactSha256], cancellation), manifest.Name);
    }

    /// <param name="file">The model's file, or what <see cref="PackAsync"/> made of it and its manifest.</param>
    /// <param name="manifest">Null: the model is what its file says, without metrics.</param>
    /// <exception cref="ModelHubException">The file is no model's, was changed, predicts otherwise here, or the manifest is of another one.</exception>
    public async Task<ModelView> ImportAsync(
        Caller caller, Guid projectId, string? name, Stream file, ReadOnlyMemory<byte>? manifest, CancellationToken cancellation)
    {
        await access.RequireAsync(caller, projectId, ProjectRole.Editor, "project", cancellation);
        var head = new byte[4];
        await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        file.Position = 0;
        if (ArchiveReader.IsZip(head))
        {
            var (description, artifacts) = await ArtifactArchive.UnpackAsync(store, file, cancellation);
            await using var inner = await store.OpenAsync(artifacts.Count == 1 ? artifacts.Keys.Single()
                : throw ModelHubException.Invalid("file", $"The archive holds {artifacts.Count} model files where one belongs."), cancellation);
            return await ImportFileAsync(caller, projectId, name, inner, description, cancellation);
        }
        return await ImportFileAsync(caller, projectId, name, file, manifest, cancellation);
    }

    private async Task<ModelView> ImportFileAsync(
        Caller caller, Guid projectId, string? name, Stream file, ReadOnlyMemory<byte>? manifest, CancellationToken cancellation)
    {
        if (file.Length > LargestFile)
            throw new ModelHubException(ErrorKind.TooLarge, "body_too_large", $"A model's file has at most {LargestFile} bytes.");
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, cancellation);
        var trained = Replayed(bytes);
        var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        var told = manifest is { } json ? ModelManifest.Read(json.Span, sha256) : null;
        var own = Names.Checked(name ?? (told?.Name is { Length: > 0 } theirs ? theirs : trained.Header.Algorithm));
        var stored = await store.PutAsync(bytes, cancellation);
        var now = clock.GetUtcNow();
        var task = trained.Task.ToString().ToLowerInvariant();
        // The ids in a manifest are of the other hub, or say so: they are kept as its lineage and never followed.
        var experiment = new Experiment(
            projectId, Guid.Empty, Guid.Empty, own, trained.Header.Target, task == "regression" ? "regression" : "classification",
            new ExperimentConfig(), Origin, caller.UserId, now);
        experiment.Learned(task, null);
        var model = new Model(projectId, experiment.Id, own, trained.Header.Algorithm, task, now);
        model.Trained(stored.Sha256, stored.Size, told?.TrainSeconds ?? 0, told?.MicrosPerRow ?? 0);
        model.Describe(
            (told?.Metrics ?? new Dictionary<string, double>()).Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal),
            [.. (told?.FoldScores ?? []).Where(double.IsFinite)], told?.Parameters is { ValueKind: JsonValueKind.Object } parameters ? parameters.GetRawText() : "{}",
            JsonSerializer.Serialize(told?.Report ?? new ModelReport(), StoredJson.Options));
        model.ImportedWith(JsonSerializer.Serialize(
            new { imported_at = now, imported_by = caller.Username, manifest = told is null ? null : told with { Report = null } }, StoredJson.Options));
        model.Crown(true);
        experiment.Best(model.Id);
        experiment.End(ExperimentStatus.Succeeded, now);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await access.RequireRoomAsync(projectId, [stored], cancellation);
        await ArtifactRows.EnsureAsync(db, stored, now, cancellation);
        db.Experiments.Add(experiment);
        db.Models.Add(model);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return await models.GetAsync(caller, model.Id, cancellation);
    }

    private static TrainedModel Replayed(byte[] bytes)
    {
        try
        {
            return TrainedModel.FromArtifact(bytes);
        }
        catch (EngineException refusal)
        {
            throw ModelHubException.Invalid("file", refusal.Message);
        }
    }
}

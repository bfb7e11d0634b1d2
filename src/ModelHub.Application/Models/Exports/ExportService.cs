using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine;
using ModelHub.Engine.Serialization.Onnx;

namespace ModelHub.Application.Models.Exports;

/// <summary>A model as ONNX.</summary>
/// <param name="Parity">Null when ONNX Runtime is not installed here; <paramref name="NotCompared"/> says so.</param>
public sealed record OnnxFile(ArtifactFile File, Parity? Parity, string? NotCompared);

/// <summary>
/// Exports models: made and compared when it is first asked for, then kept. The same model always gives the same bytes, so two that make
/// it at once do not disagree.
/// </summary>
public sealed class ExportService(HubDbContext db, ModelService models, ModelCache cache, ExportStore kept, OnnxParity parity)
{
    /// <exception cref="ModelHubException">No such model; it was not trained; or it has no ONNX form, and why.</exception>
    public async Task<OnnxFile> OpenOnnxAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var view = await models.GetAsync(caller, id, cancellation);
        view.Model.RequireArtifact();
        var name = view.Model.Name + ".onnx";
        if (await db.Set<ModelExport>().AsNoTracking().FirstOrDefaultAsync(e => e.ModelId == id, cancellation) is { } found)
        {
            var file = new ArtifactFile(name, found.ArtifactSha256, await kept.OpenAsync(found, cancellation));
            return new OnnxFile(file, new Parity(found.LargestDifference, found.Rows, found.OnValidation), null);
        }
        var trained = (await cache.GetAsync(id, cancellation)).Trained!;
        var bytes = await Task.Run(() => Refusing(() => OnnxExporter.Export(trained)), cancellation);
        var made = new ArtifactFile(name, Convert.ToHexStringLower(SHA256.HashData(bytes)), new MemoryStream(bytes, writable: false));
        if (parity.Missing is { } missing)
            return new OnnxFile(made, null, missing);
        var measured = await Task.Run(() => parity.MeasureAsync(view.Model, trained, bytes, cancellation), cancellation);
        await kept.KeepAsync(id, bytes, measured, cancellation);
        return new OnnxFile(made, measured, null);
    }

    private static byte[] Refusing(Func<byte[]> export)
    {
        try
        {
            return export();
        }
        catch (EngineException refusal)
        {
            throw new ModelHubException(ErrorKind.WrongState, "no_onnx_form", refusal.Message, inner: refusal);
        }
    }
}

/// <summary>Exports that were made: bytes before the row.</summary>
public sealed class ExportStore(HubDbContext db, IArtifactStore store, TimeProvider clock)
{
    public Task<Stream> OpenAsync(ModelExport export, CancellationToken cancellation) => store.OpenCheckedAsync(export.ArtifactSha256, cancellation);

    public async Task KeepAsync(Guid modelId, byte[] bytes, Parity measured, CancellationToken cancellation)
    {
        var stored = await store.PutAsync(bytes, cancellation);
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await ArtifactRows.EnsureAsync(db, stored, now, cancellation);
        // The model may have been deleted meanwhile, or another request may have been faster.
        await db.Database.ExecuteSqlAsync(
            $"""
             insert into model_exports (model_id, artifact_sha256, size_bytes, largest_difference, rows, on_validation, created_at)
             select {modelId}, {stored.Sha256}, {stored.Size}, {measured.Largest}, {measured.Rows}, {measured.OnValidation}, {now}
             where exists (select from models where id = {modelId} for key share) on conflict (model_id) do nothing
             """, cancellation);
        await transaction.CommitAsync(cancellation);
    }
}

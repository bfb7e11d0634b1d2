using System.IO.Compression;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;

namespace ModelHub.Application.CustomModels;

/// <summary>A version's files as one zip.</summary>
public sealed class VersionDownload(VersionService versions, IArtifactStore store)
{
    /// <summary>A temporary file that goes with its stream.</summary>
    /// <param name="versionId">Null for the latest version.</param>
    public async Task<(Stream Zip, CustomModelVersion Version)> ZipAsync(
        Caller caller, Guid modelId, Guid? versionId, CancellationToken cancellation)
    {
        var version = await versions.FindAsync(caller, modelId, versionId, SharingRight.Use, cancellation);
        var path = Path.Combine(Path.GetTempPath(), "modelhub-" + Guid.NewGuid().ToString("N"));
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        try
        {
            await using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach (var item in version.Files.OrderBy(f => f.Ordinal))
                {
                    var entry = zip.CreateEntry(item.Path, CompressionLevel.Fastest);
                    entry.LastWriteTime = item.CreatedAt;
                    await using var target = await entry.OpenAsync(cancellation);
                    await using var bytes = await store.OpenAsync(item.Sha256, cancellation);
                    await bytes.CopyToAsync(target, cancellation);
                }
            }
            file.Position = 0;
            return (file, version);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }
}

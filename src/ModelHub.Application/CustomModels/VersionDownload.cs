using System.IO.Compression;
using ModelHub.Application.Archives;
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
        var files = version.Files.OrderBy(f => f.Ordinal)
            .Select(f => new PackedFile(f.Path, (target, stop) => store.CopyAsync(f.Sha256, target, stop), f.CreatedAt));
        return (await ArchivePacker.ZipAsync(files, CompressionLevel.Fastest, cancellation), version);
    }
}

using System.IO.Compression;
using ModelHub.Application.Archives;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Artifacts;

/// <summary>What goes from hub to hub as one file: a zip of a description and the artifacts that it names, each by its hash.</summary>
public static class ArtifactArchive
{
    public const string Description = "manifest.json";
    public const int LargestDescription = 32 << 20;
    private const string Folder = "artifacts/";

    /// <summary>Artifacts are not packed any more than they are: an archive of them is no bomb, whatever they hold.</summary>
    /// <returns>A temporary file that goes with its stream.</returns>
    public static Task<Stream> PackAsync(IArtifactStore store, byte[] description, IEnumerable<string> artifacts, CancellationToken cancellation) => ArchivePacker.ZipAsync(
        artifacts.Distinct(StringComparer.Ordinal).Select(sha256 => new PackedFile(Folder + sha256, (target, stop) => store.CopyAsync(sha256, target, stop)))
            .Prepend(new PackedFile(Description, (target, stop) => target.WriteAsync(description, stop).AsTask())),
        CompressionLevel.NoCompression, cancellation);

    /// <summary>Stores what an archive holds; what no row comes to name is swept.</summary>
    /// <returns>The description, and the artifacts by their hash.</returns>
    /// <exception cref="ModelHubException">It is no such archive, or a file in it is not what its name says.</exception>
    public static async Task<(byte[] Description, IReadOnlyDictionary<string, StoredArtifact> Artifacts)> UnpackAsync(
        IArtifactStore store, Stream archive, CancellationToken cancellation)
    {
        byte[]? description = null;
        var artifacts = new Dictionary<string, StoredArtifact>(StringComparer.Ordinal);
        await ArchiveReader.ReadAsync(
            archive, new ArchiveLimits(),
            async (path, content, stop) =>
            {
                if (path == Description)
                {
                    description = await ReadAsync(content, stop);
                    return;
                }
                if (!path.StartsWith(Folder, StringComparison.Ordinal))
                    throw ModelHubException.Invalid("file", $"'{path}' does not belong into what a hub exports.");
                var stored = await store.PutAsync((target, end) => content.CopyToAsync(target, end), stop);
                if (path != Folder + stored.Sha256)
                    throw ModelHubException.Invalid("file", $"'{path}' was changed: its bytes are {stored.Sha256}.");
                artifacts[stored.Sha256] = stored;
            },
            cancellation);
        return (description ?? throw ModelHubException.Invalid("file", $"There is no '{Description}' in it: this is nothing that a hub exported."), artifacts);
    }

    private static async Task<byte[]> ReadAsync(Stream content, CancellationToken cancellation)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = await content.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (memory.Length + read > LargestDescription)
                throw ModelHubException.Invalid("file", $"'{Description}' is larger than {LargestDescription} bytes.");
            memory.Write(buffer, 0, read);
        }
        return memory.ToArray();
    }
}

using System.Security.Cryptography;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Artifacts;

/// <summary>Bytes that were stored.</summary>
public sealed record StoredArtifact(string Sha256, long Size);

/// <summary>Where artifacts lie: the local folder by default.</summary>
public interface IArtifactStore
{
    /// <summary>
    /// Runs <paramref name="write"/> on a temporary stream, hashes what it wrote, makes it durable (fsync, rename, fsync of the folder)
    /// and returns its name. When it throws, nothing is left behind.
    /// </summary>
    Task<StoredArtifact> PutAsync(Func<Stream, CancellationToken, Task> write, CancellationToken cancellation);

    Task<StoredArtifact> PutAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) =>
        PutAsync((stream, stop) => stream.WriteAsync(bytes, stop).AsTask(), cancellation);

    /// <summary>The bytes, to be read and sought in.</summary>
    /// <exception cref="Errors.ModelHubException">They are not there (<see cref="Errors.ErrorKind.Internal"/>).</exception>
    Task<Stream> OpenAsync(string sha256, CancellationToken cancellation);

    /// <summary>A local path of the bytes, for readers that map files into memory.</summary>
    Task<string> LocalPathAsync(string sha256, CancellationToken cancellation);

    /// <summary>Everything in the store with the time it was last written, for the orphan sweep.</summary>
    IAsyncEnumerable<(string Sha256, DateTimeOffset Written)> ListAsync(CancellationToken cancellation);
}

/// <summary>Reading what may have been changed on the disk.</summary>
public static class ArtifactReads
{
    /// <summary>Copies the bytes and sees to it that they are what their name says.</summary>
    /// <exception cref="ModelHubException">They were changed where they lie (<see cref="ErrorKind.Internal"/>); some of them are copied by then.</exception>
    public static async Task CopyAsync(this IArtifactStore store, string sha256, Stream target, CancellationToken cancellation)
    {
        await using var bytes = await store.OpenAsync(sha256, cancellation);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 17];
        for (int read; (read = await bytes.ReadAsync(buffer, cancellation)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
            await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != sha256)
            throw Changed();
    }

    /// <summary>The bytes, after all of them were looked at.</summary>
    /// <exception cref="ModelHubException">They were changed where they lie (<see cref="ErrorKind.Internal"/>).</exception>
    public static async Task<Stream> OpenCheckedAsync(this IArtifactStore store, string sha256, CancellationToken cancellation)
    {
        await store.CopyAsync(sha256, Stream.Null, cancellation);
        return await store.OpenAsync(sha256, cancellation);
    }

    private static ModelHubException Changed() => new(ErrorKind.Internal, "artifact_damaged", "A stored file was changed on the disk: its checksum does not fit.");
}

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

    /// <summary>The bytes, to be read and sought in.</summary>
    /// <exception cref="Errors.ModelHubException">They are not there (<see cref="Errors.ErrorKind.Internal"/>).</exception>
    Task<Stream> OpenAsync(string sha256, CancellationToken cancellation);

    /// <summary>A local path of the bytes, for readers that map files into memory.</summary>
    Task<string> LocalPathAsync(string sha256, CancellationToken cancellation);

    Task DeleteAsync(string sha256, CancellationToken cancellation);

    /// <summary>Everything in the store with the time it was last written, for the orphan sweep.</summary>
    IAsyncEnumerable<(string Sha256, DateTimeOffset Written)> ListAsync(CancellationToken cancellation);
}

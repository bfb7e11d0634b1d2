using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;

namespace ModelHub.Infrastructure.Artifacts;

/// <summary>
/// Artifacts in a folder: <c>ab/cdef…</c> under the first two digits of the hash. Written as temporary file, hashed on the way, fsynced,
/// renamed, the folder fsynced; only then does the caller write the row that names it.
/// </summary>
internal sealed class LocalArtifactStore : IArtifactStore
{
    private readonly string _root;
    private readonly string _temporary;

    private readonly string _placing;

    public LocalArtifactStore(string root)
    {
        _root = root;
        _temporary = Path.Combine(root, "tmp");
        _placing = Path.Combine(root, "placing.lock");
        Directory.CreateDirectory(_temporary);
        if (!File.Exists(_placing))
            File.AppendAllBytes(_placing, []);
    }

    public async Task<StoredArtifact> PutAsync(Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        var path = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
        try
        {
            string sha256;
            long size;
            await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                await write(file, cancellation);
                await file.FlushAsync(cancellation);
                // Hashed from the file rather than on the way: writers may go back to fill in a header.
                file.Position = 0;
                sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
                size = file.Length;
                file.Flush(flushToDisk: true);
            }
            var target = PathOf(sha256);
            var folder = Path.GetDirectoryName(target)!;
            Directory.CreateDirectory(folder);
            using (HoldPlaces())
                File.Move(path, target, overwrite: true);
            SyncFolder(folder);
            SyncFolder(_root);
            return new StoredArtifact(sha256, size);
        }
        catch (IOException full) when (FullStorage.Is(full))
        {
            throw FullStorage.Refusal(full);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public Task<Stream> OpenAsync(string sha256, CancellationToken cancellation)
    {
        try
        {
            return Task.FromResult<Stream>(new FileStream(PathOf(sha256), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelHubException(ErrorKind.Internal, "artifact_missing", "A stored file is missing.", inner: missing);
        }
    }

    public Task<string> LocalPathAsync(string sha256, CancellationToken cancellation) => Task.FromResult(PathOf(sha256));

    public async IAsyncEnumerable<(string Sha256, DateTimeOffset Written)> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        foreach (var folder in new DirectoryInfo(_root).EnumerateDirectories().Where(d => d.Name.Length == 2))
        {
            foreach (var file in folder.EnumerateFiles())
            {
                cancellation.ThrowIfCancellationRequested();
                yield return (folder.Name + file.Name, file.LastWriteTimeUtc);
            }
        }
    }

    /// <summary>Deletes bytes unless they were stored again since a moment: between the sweep's look at them and now somebody may have.</summary>
    internal bool DeleteOlder(string sha256, DateTimeOffset than)
    {
        var path = PathOf(sha256);
        using (HoldPlaces())
        {
            if (File.GetLastWriteTimeUtc(path) >= than.UtcDateTime)
                return false;
            File.Delete(path);
            return true;
        }
    }

    /// <summary>Deletes what interrupted writers left; called by the sweep for files older than an hour.</summary>
    internal int SweepTemporary(DateTimeOffset olderThan)
    {
        var swept = 0;
        foreach (var file in new DirectoryInfo(_temporary).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc >= olderThan.UtcDateTime)
                continue;
            file.Delete();
            swept++;
        }
        return swept;
    }

    /// <summary>
    /// Held while a file takes its place, and while an old one leaves it: by one thread of all processes that share the folder. A file system that
    /// knows no locks is taken to be nobody else's.
    /// </summary>
    private SafeFileHandle HoldPlaces()
    {
        const int Exclusive = 2, Interrupted = 4, ReadWrite = 2;
        // Not by FileStream, which does not wait for a lock; and no child of this process may keep it.
        var file = OperatingSystem.IsWindows() ? File.OpenHandle(_placing, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite)
            : new SafeFileHandle(open(_placing, ReadWrite | (OperatingSystem.IsLinux() ? 0x80000 : 0x1000000)), ownsHandle: true);
        while (!OperatingSystem.IsWindows() && flock(file, Exclusive) != 0 && Marshal.GetLastPInvokeError() == Interrupted)
        {
        }
        return file;
    }

    private string PathOf(string sha256) => sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower)
        ? Path.Combine(_root, sha256[..2], sha256[2..])
        : throw new ArgumentException("Not a SHA-256.", nameof(sha256));

    private static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        // FileStream refuses to open a folder, so this is open(2) and fsync(2) by hand.
        using var handle = new SafeFileHandle(open(folder, 0), ownsHandle: true);
        if (handle.IsInvalid || fsync(handle.DangerousGetHandle().ToInt32()) != 0)
            throw new IOException($"fsync of the artifact folder failed ({Marshal.GetLastPInvokeError()}).");
    }

#pragma warning disable CA2101, IDE1006, SYSLIB1054 // libc's own names; three calls are not worth a source generator
    [DllImport("libc", SetLastError = true)]
    private static extern nint open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern int flock(SafeFileHandle file, int operation);
#pragma warning restore
}

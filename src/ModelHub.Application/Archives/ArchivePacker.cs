using System.Formats.Tar;
using System.IO.Compression;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Archives;

/// <summary>One file of a zip that is made.</summary>
/// <param name="WriteAsync">Writes its bytes.</param>
public sealed record PackedFile(string Path, Func<Stream, CancellationToken, Task> WriteAsync, DateTimeOffset? WrittenAt = null);

/// <summary>Makes archives: regular files under clean names, and nothing else.</summary>
public static class ArchivePacker
{
    /// <returns>A temporary file that goes with its stream.</returns>
    public static async Task<Stream> ZipAsync(IEnumerable<PackedFile> files, CompressionLevel level, CancellationToken cancellation)
    {
        var path = Scratch.NewPath();
        var target = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        try
        {
            await using (var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach (var file in files)
                {
                    var entry = zip.CreateEntry(file.Path, level);
                    entry.LastWriteTime = file.WrittenAt ?? entry.LastWriteTime;
                    await using var content = await entry.OpenAsync(cancellation);
                    await file.WriteAsync(content, cancellation);
                }
            }
            target.Position = 0;
            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>Packs what <see cref="ArchiveReader"/> let through anew.</summary>
    public static async Task TarAsync(Stream archive, ArchiveLimits limits, Stream target, CancellationToken cancellation)
    {
        await using var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        await ArchiveReader.ReadAsync(
            archive, limits,
            async (path, content, stop) =>
            {
                // A tar says a file's length before its bytes: these are counted on the way through a temporary file.
                var scratch = Scratch.NewPath();
                await using var file = new FileStream(
                    scratch, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
                await content.CopyToAsync(file, stop);
                file.Position = 0;
                var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
                    | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
                await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = file, Mode = mode }, stop);
            },
            cancellation);
    }
}

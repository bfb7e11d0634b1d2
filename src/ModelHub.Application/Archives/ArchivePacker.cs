using System.Formats.Tar;

namespace ModelHub.Application.Archives;

/// <summary>Packs what <see cref="ArchiveReader"/> let through anew: regular files under clean names, and nothing else.</summary>
public static class ArchivePacker
{
    public static async Task TarAsync(Stream archive, ArchiveLimits limits, Stream target, CancellationToken cancellation)
    {
        await using var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        await ArchiveReader.ReadAsync(
            archive, limits,
            async (path, content, stop) =>
            {
                // A tar says a file's length before its bytes: these are counted on the way through a temporary file.
                var scratch = Path.Combine(Path.GetTempPath(), "modelhub-" + Guid.NewGuid().ToString("N"));
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

using System.Formats.Tar;
using System.IO.Compression;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Archives;

/// <summary>What to do with one file of an archive. The content is read forwards, once, within the call.</summary>
public delegate Task ArchiveFileHandler(string path, Stream content, CancellationToken cancellation);

/// <summary>
/// Reads zip, tar and tar.gz made by anybody: nothing is written outside what the handler does, links and devices are refused, and what
/// comes out is bounded however small what went in was.
/// </summary>
public static class ArchiveReader
{
    private const int ShortestZip = 22;
    private const int UnixType = 0xF000;
    private const int UnixFile = 0x8000;
    private const int UnixFolder = 0x4000;

    /// <summary>Whether the first bytes (at least 262 of a tar) are those of a zip, gzip or tar.</summary>
    public static bool IsArchive(ReadOnlySpan<byte> head) => IsZip(head) || IsGzip(head) || IsTar(head);

    public static bool IsZip(ReadOnlySpan<byte> head) => head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8);

    public static bool IsGzip(ReadOnlySpan<byte> head) => head.StartsWith(new byte[] { 0x1F, 0x8B }.AsSpan());

    public static bool IsTar(ReadOnlySpan<byte> head) => head.Length >= 262 && head[257..262].SequenceEqual("ustar"u8);

    /// <summary>Hands every file to <paramref name="handler"/>, in the archive's order; folders are not told.</summary>
    /// <exception cref="ModelHubException">The archive is damaged or refused; the message names the file in it.</exception>
    public static async Task ReadAsync(Stream archive, ArchiveLimits limits, ArchiveFileHandler handler, CancellationToken cancellation)
    {
        var head = new byte[262];
        archive.Position = 0;
        var read = await archive.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        archive.Position = 0;
        try
        {
            if (IsZip(head.AsSpan(0, read)))
                await ReadZipAsync(archive, limits, handler, cancellation);
            else if (IsGzip(head.AsSpan(0, read)))
                await ReadGzipAsync(archive, limits, handler, cancellation);
            else if (IsTar(head.AsSpan(0, read)))
                await ReadTarAsync(archive, limits, handler, cancellation);
            else
                throw Refused(limits, "The file is no zip, tar or tar.gz archive.");
        }
        catch (Exception damaged) when (damaged is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new ModelHubException(
                ErrorKind.Invalid, "archive_damaged", "The archive is damaged.",
                new Dictionary<string, string> { [limits.Field] = "The archive is damaged or cut short." }, damaged);
        }
    }

    private static async Task ReadZipAsync(Stream archive, ArchiveLimits limits, ArchiveFileHandler handler, CancellationToken cancellation)
    {
        if (archive.Length < ShortestZip) // it would be sought in before its beginning
            throw new InvalidDataException();
        await using var zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true);
        var entries = zip.Entries;
        if (entries.Count > limits.MostEntries)
            throw TooMany(limits, entries.Count);
        var files = new List<(string Path, ZipArchiveEntry Entry)>();
        foreach (var entry in entries)
        {
            var type = entry.ExternalAttributes >>> 16 & UnixType;
            var isFolder = entry.FullName.EndsWith('/') || type == UnixFolder;
            var path = ArchivePath.Clean(entry.FullName, limits.Field);
            if (type is not (0 or UnixFile or UnixFolder))
                throw Special(limits, path);
            if (entry.IsEncrypted)
                throw Refused(limits, $"'{path}' is encrypted.");
            if (!isFolder)
                files.Add((path, entry));
        }
        ArchivePath.RequireDistinct(files.Select(f => f.Path), limits.Field);
        if (files.Sum(f => (decimal)f.Entry.CompressedLength) > archive.Length)
            throw Refused(limits, "The archive's files share their bytes, so that it unpacks to far more than it holds; it is refused as a bomb.");
        var total = 0L;
        foreach (var (path, entry) in files)
        {
            await using var packed = await entry.OpenAsync(cancellation);
            await using var content = new UnpackedStream(packed, limits, () => entry.CompressedLength, total, $"'{path}'");
            await handler(path, content, cancellation);
            await content.CopyToAsync(Stream.Null, cancellation);
            if (content.Count != entry.Length)
                throw Refused(limits, $"'{path}' has {content.Count} bytes where the archive says {entry.Length}.");
            total += content.Count;
        }
    }

    private static async Task ReadGzipAsync(Stream archive, ArchiveLimits limits, ArchiveFileHandler handler, CancellationToken cancellation)
    {
        await using var gzip = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
        await using var content = new UnpackedStream(gzip, limits, () => archive.Position, 0, "The archive");
        await ReadTarAsync(content, limits, handler, cancellation);
    }

    private static async Task ReadTarAsync(Stream archive, ArchiveLimits limits, ArchiveFileHandler handler, CancellationToken cancellation)
    {
        await using var tar = new TarReader(archive, leaveOpen: true);
        var paths = new List<string>();
        var (count, total) = (0, 0L);
        while (await tar.GetNextEntryAsync(copyData: false, cancellation) is { } entry)
        {
            if (++count > limits.MostEntries)
                throw TooMany(limits, count);
            if (entry.EntryType is TarEntryType.GlobalExtendedAttributes || entry.EntryType is TarEntryType.Directory && IsRoot(entry.Name))
                continue;
            var path = ArchivePath.Clean(entry.Name, limits.Field);
            if (entry.EntryType is TarEntryType.Directory)
                continue;
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile))
                throw Special(limits, path);
            paths.Add(path);
            await using var content = new UnpackedStream(entry.DataStream ?? Stream.Null, limits, () => long.MaxValue, total, $"'{path}'");
            await handler(path, content, cancellation);
            await content.CopyToAsync(Stream.Null, cancellation);
            total += content.Count;
        }
        ArchivePath.RequireDistinct(paths, limits.Field);
    }

    private static bool IsRoot(string name) => name.Trim('.', '/').Length == 0 && !name.Contains("..", StringComparison.Ordinal);

    private static ModelHubException Special(ArchiveLimits limits, string path) =>
        Refused(limits, $"'{path}' is a link or a device; archives may hold files and folders only.");

    private static ModelHubException TooMany(ArchiveLimits limits, int count) =>
        Refused(limits, $"The archive has {count} entries or more; {limits.MostEntries} are allowed.");

    private static ModelHubException Refused(ArchiveLimits limits, string message) => ModelHubException.Invalid(limits.Field, message);
}

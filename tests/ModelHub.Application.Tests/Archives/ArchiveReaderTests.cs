using System.Formats.Tar;
using System.IO.Compression;
using ModelHub.Application.Archives;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Tests.Archives;

public sealed class ArchiveReaderTests
{
    [Fact]
    public async Task Zip_tar_and_gzipped_tar_give_the_same_files()
    {
        var zip = Zip(("a.txt", "one"u8.ToArray()), ("d/b.txt", "two"u8.ToArray()));
        var tar = Tar(new PaxTarEntry(TarEntryType.Directory, "./"), File("./a.txt", "one"u8.ToArray()), File("d/b.txt", "two"u8.ToArray()));
        Assert.Equal([("a.txt", 3), ("d/b.txt", 3)], await Read(zip));
        Assert.Equal([("a.txt", 3), ("d/b.txt", 3)], await Read(tar));
        Assert.Equal([("a.txt", 3), ("d/b.txt", 3)], await Read(Gzip(tar)));
    }

    [Theory]
    [InlineData("../evil.txt", "leads out")]
    [InlineData("a/../../evil.txt", "leads out")]
    [InlineData("..\\evil.txt", "leads out")]
    [InlineData("/etc/passwd", "absolute")]
    [InlineData("C:\\evil.txt", "absolute")]
    [InlineData("\\\\server\\share\\evil.txt", "absolute")]
    [InlineData("ab:c", "colon")]
    [InlineData("a /b", "a space")]
    [InlineData("a./b", "ends in a dot")]
    [InlineData("a\nb", "characters")]
    public async Task Names_that_leave_the_folder_are_refused(string name, string why)
    {
        // Z1, Z9: in each of the three, and not even what came before it is kept from a zip.
        Assert.Contains(why, await Refusal(Zip(("first.txt", [1]), (name, [1]))), StringComparison.Ordinal);
        if (name.Contains('\n', StringComparison.Ordinal))
            return; // no tar has that
        Assert.Contains(why, await Refusal(Tar(File(name, [1]))), StringComparison.Ordinal);
        Assert.Contains(why, await Refusal(Gzip(Tar(File(name, [1])))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.Fifo)]
    public async Task Links_and_devices_are_refused(TarEntryType type)
    {
        var entry = new PaxTarEntry(type, "x");
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            entry.LinkName = "/etc/passwd";
        Assert.Contains("link or a device", await Refusal(Tar(entry)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_in_a_zip_are_refused()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            zip.CreateEntry("x").ExternalAttributes = unchecked((int)0xA1FF0000);
        Assert.Contains("link or a device", await Refusal(bytes.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bombs_are_refused_by_ratio_and_by_total()
    {
        var zeros = new byte[8 << 20];
        Assert.Contains("bomb", await Refusal(Zip(("zeros", zeros))), StringComparison.Ordinal);
        Assert.Contains("bomb", await Refusal(Gzip(Tar(File("zeros", zeros)))), StringComparison.Ordinal);
        var noise = new byte[300_000];
        new Random(1).NextBytes(noise);
        var limits = new ArchiveLimits { MostBytes = 500_000 };
        Assert.Contains("500000 bytes", await Refusal(Zip(("a", noise), ("b", noise)), limits), StringComparison.Ordinal);
        Assert.Contains("500000 bytes", await Refusal(Tar(File("a", noise), File("b", noise)), limits), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_entries_are_refused()
    {
        var limits = new ArchiveLimits { MostEntries = 3 };
        var zip = Zip([.. Enumerable.Range(0, 4).Select(i => ($"f{i}", Array.Empty<byte>()))]);
        Assert.Contains("3 are allowed", await Refusal(zip, limits), StringComparison.Ordinal);
        Assert.Contains("3 are allowed", await Refusal(Tar([.. Enumerable.Range(0, 4).Select(i => File($"f{i}", []))]), limits), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", "a", "twice")]
    [InlineData("Model.py", "model.py", "only in case")]
    [InlineData("a", "a/b", "to be a folder")]
    [InlineData("é", "é", "twice")]
    public async Task Names_that_collide_are_refused(string first, string second, string why)
    {
        Assert.Contains(why, await Refusal(Zip((first, [1]), (second, [2]))), StringComparison.Ordinal);
        Assert.Contains(why, await Refusal(Tar(File(first, [1]), File(second, [2]))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_archives_are_refused()
    {
        var zip = Zip(("a.txt", new byte[100]));
        Assert.Contains("damaged", await Refusal(zip[..^30]), StringComparison.Ordinal);
        var tar = Gzip(Tar(File("a.txt", new byte[5000])));
        Assert.Contains("damaged", await Refusal(tar[..(tar.Length / 2)]), StringComparison.Ordinal);
        Assert.Contains("no zip", await Refusal("hello"u8.ToArray()), StringComparison.Ordinal);
    }

    private static async Task<List<(string, int)>> Read(byte[] archive, ArchiveLimits? limits = null)
    {
        var found = new List<(string, int)>();
        using var stream = new MemoryStream(archive);
        await ArchiveReader.ReadAsync(
            stream, limits ?? new ArchiveLimits(), async (path, content, stop) =>
            {
                using var copy = new MemoryStream();
                await content.CopyToAsync(copy, stop);
                found.Add((path, (int)copy.Length));
            },
            CancellationToken.None);
        return found;
    }

    private static async Task<string> Refusal(byte[] archive, ArchiveLimits? limits = null)
    {
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => Read(archive, limits));
        Assert.Equal(ErrorKind.Invalid, refusal.Kind);
        return refusal.Message;
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }
        return bytes.ToArray();
    }

    private static PaxTarEntry File(string name, byte[] content) =>
        new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) };

    private static byte[] Tar(params TarEntry[] entries)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, leaveOpen: true))
        {
            foreach (var entry in entries)
                tar.WriteEntry(entry);
        }
        return bytes.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return bytes.ToArray();
    }
}

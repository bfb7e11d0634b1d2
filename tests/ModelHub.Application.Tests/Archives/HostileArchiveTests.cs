using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using ModelHub.Application.Archives;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Tests.Archives;

/// <summary>Archives made to do harm (group Z of the reliability cases), and archives that are merely broken.</summary>
public sealed class HostileArchiveTests
{
    /// <summary>"one" as a.txt, written by Python's zipfile with force_zip64, the central directory's lengths moved into its extra field as well.</summary>
    private const string Zip64 = "UEsDBC0AAAAAAAAAIQDxhmx6//////////8FABQAYS50eHQBABAAAwAAAAAAAAADAAAAAAAAAG9uZVBLAQItAy0AAAAAAAAAIQDxhmx6////////"
        + "//8FABQAAAAAAAAAAACAAQAAAABhLnR4dAEAEAADAAAAAAAAAAMAAAAAAAAAUEsFBgAAAAABAAEARwAAADoAAAAAAA==";

    [Fact]
    public async Task A_hundred_thousand_entries_are_refused_before_any_is_read()
    {
        // Z8
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (var i = 0; i < 100_000; i++)
                zip.CreateEntry($"f{i}", CompressionLevel.NoCompression);
        }
        var handled = 0;
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => ArchiveReader.ReadAsync(
            bytes, new ArchiveLimits(),
            (_, _, _) =>
            {
                handled++;
                return Task.CompletedTask;
            },
            CancellationToken.None));
        Assert.Contains("100000 entries", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, handled);
    }

    [Theory]
    [InlineData("deep")]
    [InlineData("same twice")]
    [InlineData("case only")]
    [InlineData("file and folder")]
    public async Task Names_that_no_file_system_keeps_apart_are_refused(string kind)
    {
        string[] names = kind switch
        {
            "deep" => [string.Join('/', Enumerable.Repeat("d", 5000))],
            "same twice" => ["a", "a"],
            "case only" => ["a", "A"],
            _ => ["a", "a/b"],
        };
        await Assert.ThrowsAsync<ModelHubException>(() => ReadAsync(Tar([.. names.Select(n => (n, "x"))])));
    }

    [Fact]
    public async Task An_archive_within_an_archive_is_a_file_like_any_other()
    {
        // Z6: nothing is unpacked twice, so what lies nested stays as small as it came.
        var bomb = Zip(("zeros", new string('\0', 4 << 20)));
        var outer = await ReadAsync(Zip([("inner.zip", Encoding.Latin1.GetString(bomb))], Encoding.Latin1));
        Assert.Equal([("inner.zip", (long)bomb.Length)], outer);
    }

    [Fact]
    public async Task Entries_that_share_their_bytes_are_refused()
    {
        // Z6: twenty names for one megabyte; each alone is small enough.
        var random = new Random(3);
        var zip = Zip(("a", new string([.. Enumerable.Range(0, 1 << 20).Select(_ => (char)random.Next(32, 127))])));
        var (entry, end) = (Find(zip, Header), Find(zip, "PK\u0005\u0006"u8));
        var (header, tail) = (zip[entry..end], zip[end..]);
        using var bytes = new MemoryStream();
        bytes.Write(zip.AsSpan(0, entry));
        for (var i = 0; i < 20; i++)
        {
            header[^1] = (byte)('a' + i);
            bytes.Write(header);
        }
        BitConverter.TryWriteBytes(tail.AsSpan(8), (ushort)20);
        BitConverter.TryWriteBytes(tail.AsSpan(10), (ushort)20);
        BitConverter.TryWriteBytes(tail.AsSpan(12), 20 * header.Length);
        bytes.Write(tail);
        Assert.Contains("share", (await Assert.ThrowsAsync<ModelHubException>(() => ReadAsync(bytes.ToArray()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_encrypted_or_hides_behind_another_file_is_refused()
    {
        // Z10
        var zip = Zip(("a.txt", "one"));
        var encrypted = (byte[])zip.Clone();
        encrypted[6] |= 1;
        encrypted[Find(zip, Header) + 8] |= 1;
        Assert.Contains("encrypted", (await Assert.ThrowsAsync<ModelHubException>(() => ReadAsync(encrypted))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ModelHubException>(() => ReadAsync([.. "#!/bin/sh\nexit\n"u8, .. zip]));
    }

    [Fact]
    public async Task Zip64_is_read_and_lengths_beyond_all_bounds_are_not_believed()
    {
        // Z10
        var zip = Convert.FromBase64String(Zip64);
        Assert.Equal([("a.txt", 3L)], await ReadAsync(zip));
        foreach (var length in new[] { long.MaxValue, -1L, 1L << 50 })
        {
            var lying = (byte[])zip.Clone();
            BitConverter.TryWriteBytes(lying.AsSpan(Find(zip, Header) + 46 + "a.txt".Length + 4), length);
            await Assert.ThrowsAsync<ModelHubException>(() => ReadAsync(lying));
        }
    }

    [Fact]
    public async Task A_tar_that_says_more_than_it_holds_is_refused()
    {
        var tar = Tar(("a", new string('x', 2000)));
        await Assert.ThrowsAsync<ModelHubException>(() => ReadAsync(tar[..1024]));
    }

    [Fact]
    public async Task Broken_archives_are_refused_and_nothing_else_happens()
    {
        // Z10: every byte may be anything; whatever comes of it is a refusal or files, never another exception.
        var random = new Random(5);
        byte[][] sound = [Zip(("a.txt", "one"), ("d/b.txt", new string('y', 3000))), Tar(("a.txt", "one"), ("d/b.txt", new string('y', 3000))), Gzip(Tar(("a", "x")))];
        for (var i = 0; i < 1500; i++)
        {
            var bytes = (byte[])sound[i % sound.Length].Clone();
            for (var n = random.Next(1, 12); n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0)
                bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                await ReadAsync(bytes);
            }
            catch (ModelHubException refused) when (refused.Kind is ErrorKind.Invalid or ErrorKind.TooLarge)
            {
            }
        }
    }

    [Fact]
    public async Task What_is_packed_anew_has_files_only_and_no_special_rights()
    {
        using var made = new MemoryStream();
        using (var writer = new TarWriter(made, TarEntryFormat.Pax, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "d/"));
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "d/run")
            {
                Mode = UnixFileMode.SetUser | UnixFileMode.SetGroup | UnixFileMode.UserRead, Uid = 0, DataStream = new MemoryStream("x"u8.ToArray()),
            });
        }
        using var packed = new MemoryStream();
        await ArchivePacker.TarAsync(made, new ArchiveLimits(), packed, CancellationToken.None);
        packed.Position = 0;
        using var tar = new TarReader(packed);
        var only = tar.GetNextEntry()!;
        Assert.Equal(("d/run", TarEntryType.RegularFile), (only.Name, only.EntryType));
        Assert.Equal(default, only.Mode & (UnixFileMode.SetUser | UnixFileMode.SetGroup));
        Assert.Null(tar.GetNextEntry());
    }

    /// <summary>How a file's entry in a zip's central directory begins.</summary>
    private static ReadOnlySpan<byte> Header => "PK\u0001\u0002"u8;

    private static int Find(byte[] bytes, ReadOnlySpan<byte> what) => bytes.AsSpan().LastIndexOf(what);

    private static async Task<List<(string, long)>> ReadAsync(byte[] archive)
    {
        var files = new List<(string, long)>();
        using var bytes = new MemoryStream(archive);
        await ArchiveReader.ReadAsync(
            bytes, new ArchiveLimits(),
            async (path, content, stop) =>
            {
                using var all = new MemoryStream();
                await content.CopyToAsync(all, stop);
                files.Add((path, all.Length));
            },
            CancellationToken.None);
        return files;
    }

    private static byte[] Zip(params (string Name, string Text)[] files) => Zip(files, Encoding.UTF8);

    private static byte[] Zip((string Name, string Text)[] files, Encoding encoding)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(encoding.GetBytes(text));
            }
        }
        return bytes.ToArray();
    }

    private static byte[] Tar(params (string Name, string Text)[] files)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, text) in files)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        }
        return bytes.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(content);
        return bytes.ToArray();
    }
}

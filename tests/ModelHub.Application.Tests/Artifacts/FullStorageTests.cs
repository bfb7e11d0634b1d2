using ModelHub.Application.Errors;
using ModelHub.Infrastructure.Artifacts;
using ModelHub.Tests.Shared;

namespace ModelHub.Application.Tests.Artifacts;

/// <summary>A disk that is full (U12): on a small file system in memory, which only root may mount.</summary>
public sealed class FullStorageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mh-test-").FullName;
    private SmallDisk? _disk;

    public void Dispose()
    {
        _disk?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [SmallDiskFact]
    public async Task A_full_disk_is_told_leaves_no_part_and_serves_again_once_there_is_room()
    {
        var store = Mounted("size=4m");
        var kept = await PutAsync(store, 1 << 20, 1);
        for (var share = 1; share <= 10; share++)
        {
            // Full after a tenth of the bytes, two tenths, …: what is there already takes the rest.
            var ballast = await PutAsync(store, (3 << 20) - share * (280 << 10), 100 + share);
            await RefusedAsync(store, 3 << 20);
            Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "artifacts", "tmp")));
            Assert.Equal(1 << 20, (await store.OpenAsync(kept.Sha256, CancellationToken.None)).Length);
            Assert.True(store.DeleteOlder(ballast.Sha256, DateTimeOffset.MaxValue));
        }
        Assert.Equal(2 << 20, (await PutAsync(store, 2 << 20, 2)).Size);
    }

    [SmallDiskFact]
    public async Task No_room_for_another_file_is_told_as_well()
    {
        var store = Mounted("size=4m,nr_inodes=24");
        var last = await PutAsync(store, 10, 0);
        await Assert.ThrowsAsync<ModelHubException>(async () =>
        {
            for (var i = 1; i < 100; i++)
                last = await PutAsync(store, 10, i);
        });
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "artifacts", "tmp")));
        await RefusedAsync(store, 10);
        Assert.True(store.DeleteOlder(last.Sha256, DateTimeOffset.MaxValue));
        Directory.Delete(Path.Combine(_folder, "artifacts", last.Sha256[..2]));
        Assert.Equal(10, (await PutAsync(store, 10, 1000)).Size);
    }

    [Fact]
    public async Task What_an_interrupted_writer_left_is_seen_by_nobody_and_swept()
    {
        // U2: the file of a process that was killed within an upload.
        var store = new LocalArtifactStore(Path.Combine(_folder, "artifacts"));
        var kept = await PutAsync(store, 10, 1);
        var part = Path.Combine(_folder, "artifacts", "tmp", "part");
        await File.WriteAllTextAsync(part, "half of it");
        var seen = new List<string>();
        await foreach (var (sha256, _) in store.ListAsync(CancellationToken.None))
            seen.Add(sha256);
        Assert.Equal([kept.Sha256], seen);
        Assert.Equal(0, store.SweepTemporary(TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(1)));
        Assert.Equal(1, store.SweepTemporary(TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1)));
        Assert.False(File.Exists(part));
    }

    private async Task<Application.Artifacts.StoredArtifact> PutAsync(LocalArtifactStore store, int size, int seed)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return await store.PutAsync((target, stop) => target.WriteAsync(bytes, stop).AsTask(), CancellationToken.None);
    }

    private async Task RefusedAsync(LocalArtifactStore store, int size)
    {
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => PutAsync(store, size, 5000));
        Assert.Equal((ErrorKind.Unavailable, "storage_full"), (refusal.Kind, refusal.Code));
    }

    private LocalArtifactStore Mounted(string options)
    {
        _disk = new SmallDisk(_folder, options);
        return new LocalArtifactStore(Path.Combine(_folder, "artifacts"));
    }
}

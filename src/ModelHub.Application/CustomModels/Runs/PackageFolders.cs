using System.Collections.Concurrent;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Built packages as folders of this machine, unpacked once; they go with the process.</summary>
public sealed class PackageFolders(IArtifactStore store, ISandbox sandbox) : IDisposable
{
    private static readonly ArchiveLimits Limits = new() { MostEntries = 100_000, MostBytes = 2L << 30 };
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _folders = new(StringComparer.Ordinal);

    public async Task<string> EnsureAsync(string sha256)
    {
        var folder = _folders.GetOrAdd(sha256, _ => new Lazy<Task<string>>(() => UnpackAsync(sha256)));
        try
        {
            return await folder.Value;
        }
        catch
        {
            _folders.TryRemove(new KeyValuePair<string, Lazy<Task<string>>>(sha256, folder));
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var folder in _folders.Values.Where(f => f is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }))
            Directory.Delete(Path.GetDirectoryName(folder.Value.Result)!, recursive: true);
    }

    private async Task<string> UnpackAsync(string sha256)
    {
        // Its own folder is nobody else's to look into; the one below it is what sandboxes see, whoever they run as.
        var folder = Directory.CreateDirectory(Path.Combine(sandbox.NewFolder(), "packages")).FullName;
        await using var archive = await store.OpenAsync(sha256, CancellationToken.None);
        await ArchiveReader.ReadAsync(
            archive, Limits,
            async (path, content, stop) =>
            {
                var place = Path.Combine(folder, path);
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                await using var file = File.Create(place);
                await content.CopyToAsync(file, stop);
            },
            CancellationToken.None);
        return folder;
    }
}

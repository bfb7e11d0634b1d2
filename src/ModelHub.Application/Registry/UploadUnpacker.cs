using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;

namespace ModelHub.Application.Registry;

/// <summary>The files of an uploaded archive, each kept by itself.</summary>
public sealed class UploadUnpacker(IArtifactStore store)
{
    private static readonly ArchiveLimits Limits = new() { MostEntries = 1000 };

    /// <summary>A folder that everything lies in does not count: <c>model/custom.py</c> is <c>custom.py</c>.</summary>
    /// <exception cref="Errors.ModelHubException">The archive is damaged, or refused; the message names the file in it.</exception>
    public async Task<IReadOnlyList<(string Path, StoredArtifact Bytes)>> UnpackAsync(string sha256, CancellationToken cancellation)
    {
        var files = new List<(string Path, StoredArtifact Bytes)>();
        await using var archive = await store.OpenAsync(sha256, cancellation);
        await ArchiveReader.ReadAsync(
            archive, Limits,
            async (path, content, stop) => files.Add((path, await store.PutAsync((target, end) => content.CopyToAsync(target, end), stop))),
            cancellation);
        var common = files.Count == 0 ? "" : files[0].Path[..(files[0].Path.IndexOf('/', StringComparison.Ordinal) + 1)];
        return common.Length == 0 || files.Any(f => !f.Path.StartsWith(common, StringComparison.Ordinal))
            ? files : [.. files.Select(f => (f.Path[common.Length..], f.Bytes))];
    }
}

using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Engine.Serialization.Foreign;

namespace ModelHub.Application.Registry;

/// <summary>The files of an uploaded archive, each kept by itself.</summary>
public sealed class UploadUnpacker(IArtifactStore store, ModelFiles files)
{
    private static readonly ArchiveLimits Limits = new() { MostEntries = 1000 };

    /// <summary>By its content, whatever it is called.</summary>
    public async Task<bool> IsArchiveAsync(string sha256, CancellationToken cancellation) =>
        await files.RecogniseAsync(sha256, cancellation) == ModelFormat.Zip;

    /// <summary>A folder that everything lies in does not count: <c>model/custom.py</c> is <c>custom.py</c>.</summary>
    /// <exception cref="Errors.ModelHubException">The archive is damaged, or refused; the message names the file in it.</exception>
    public async Task<IReadOnlyList<(string Path, StoredArtifact Bytes)>> UnpackAsync(string sha256, CancellationToken cancellation)
    {
        var found = new List<(string Path, StoredArtifact Bytes)>();
        await using var archive = await store.OpenAsync(sha256, cancellation);
        await ArchiveReader.ReadAsync(
            archive, Limits,
            async (path, content, stop) => found.Add((path, await store.PutAsync((target, end) => content.CopyToAsync(target, end), stop))),
            cancellation);
        var common = found.Count == 0 ? "" : found[0].Path[..(found[0].Path.IndexOf('/', StringComparison.Ordinal) + 1)];
        return common.Length == 0 || found.Any(f => !f.Path.StartsWith(common, StringComparison.Ordinal))
            ? found : [.. found.Select(f => (f.Path[common.Length..], f.Bytes))];
    }
}

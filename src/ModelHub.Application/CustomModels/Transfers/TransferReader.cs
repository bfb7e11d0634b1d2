using ModelHub.Application.Artifacts;

namespace ModelHub.Application.CustomModels.Transfers;

/// <summary>Reads what another hub exported, and believes none of it before it was looked at.</summary>
public sealed class TransferReader(IArtifactStore store, VersionParts parts, GoldenRows golden)
{
    /// <returns>The manifest, and exactly the artifacts that it names.</returns>
    /// <exception cref="Errors.ModelHubException">The archive is damaged, was changed, or is none of a custom model's.</exception>
    public async Task<(CustomModelManifest Manifest, IReadOnlyDictionary<string, StoredArtifact> Artifacts)> ReadAsync(Stream file, CancellationToken cancellation)
    {
        var (description, artifacts) = await ArtifactArchive.UnpackAsync(store, file, cancellation);
        var manifest = CustomModelManifest.Read(description);
        var named = manifest.Versions.SelectMany(v => v.Artifacts()).ToHashSet(StringComparer.Ordinal);
        if (named.FirstOrDefault(sha256 => !artifacts.ContainsKey(sha256)) is { } missing)
            throw CustomModelManifest.Refused($"The manifest names a file that is not there: {(missing.Length <= 64 ? missing : missing[..64])}.");
        if (artifacts.Keys.FirstOrDefault(sha256 => !named.Contains(sha256)) is { } strange)
            throw CustomModelManifest.Refused($"There is a file that the manifest does not name: {strange}.");
        return (manifest, artifacts);
    }

    /// <summary>Its requirements are read, and its predictions compared with those of the hub that it comes from.</summary>
    public async Task CheckAsync(CustomModel model, CustomModelVersion version, ManifestVersion told, CancellationToken cancellation)
    {
        version.Need(await parts.DependenciesAsync([.. version.Files.Select(f => new NewFile(f.Path, new StoredArtifact(f.Sha256, f.Size)))], cancellation));
        if (told.Golden is { } values)
            await golden.RequireSameAsync(model, version, values, cancellation);
    }
}

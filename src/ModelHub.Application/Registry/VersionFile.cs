using System.Security.Cryptography;
using System.Text;
using ModelHub.Application.CustomModels;

namespace ModelHub.Application.Registry;

/// <summary>A version's files as one.</summary>
public sealed record VersionFile(string Name, string Sha256, long Size)
{
    public static VersionFile Of(CustomModelVersion version, Conversion conversion)
    {
        var files = version.Files.OrderBy(f => f.Ordinal).ToList();
        var (name, size) = (files.Count == 0 ? "" : files[0].Path, files.Sum(f => f.Size));
        return new VersionFile(
            conversion.FileName ?? name, version.UploadSha256 ?? (files.Count == 1 ? files[0].Sha256 : HashOf(files)),
                conversion.FileSize ?? size);
    }

    private static string HashOf(IEnumerable<CustomModelFile> files) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(files.Select(f => $"{f.Path}\n{f.Sha256}\n")))));
}

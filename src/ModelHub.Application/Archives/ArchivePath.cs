using System.Text;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Archives;

/// <summary>
/// Names of files that somebody else gave, made safe: relative, with forward slashes, never out of their folder, the same on every file
/// system. The only place that decides this.
/// </summary>
public static class ArchivePath
{
    public const int MostCharacters = 1000;
    private const int LongestSegment = 255;

    /// <summary>The path as it is stored, e.g. <c>./a//b.txt</c> as <c>a/b.txt</c>.</summary>
    /// <exception cref="ModelHubException">It is empty, absolute, leads out of the folder, or has characters that no file name has.</exception>
    public static string Clean(string path, string field = "filePath")
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length > MostCharacters)
            throw Refused(field, path, $"is longer than {MostCharacters} characters");
        if (path.Any(c => char.IsControl(c)) || path.Any(char.IsSurrogate) && !IsWellFormed(path))
            throw Refused(field, path, "has characters that no file name has");
        var slashed = path.Replace('\\', '/').Normalize(NormalizationForm.FormC);
        if (slashed.StartsWith('/') || slashed.Length >= 2 && slashed[1] == ':' && char.IsAsciiLetter(slashed[0]))
            throw Refused(field, path, "is absolute; give a path inside the folder");
        var segments = slashed.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(s => s != ".").ToArray();
        if (segments.Contains(".."))
            throw Refused(field, path, "leads out of its folder");
        if (segments.Length == 0)
            throw Refused(field, path, "names no file");
        if (segments.Any(s => s.EndsWith('.') || s.EndsWith(' ') || s.StartsWith(' ') || s.Contains(':', StringComparison.Ordinal)))
            throw Refused(field, path, "has a name with a colon, or that ends in a dot or a space, which not every file system keeps");
        if (segments.FirstOrDefault(s => Encoding.UTF8.GetByteCount(s) > LongestSegment) is not null)
            throw Refused(field, path, $"has a name of more than {LongestSegment} bytes");
        return string.Join('/', segments);
    }

    /// <exception cref="ModelHubException">Two paths are one on a file system that ignores case, or one is a folder of another.</exception>
    public static void RequireDistinct(IEnumerable<string> paths, string field = "filePath")
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in paths)
        {
            if (!seen.TryAdd(path, path))
                throw Refused(field, path, seen[path] == path ? "is there twice" : $"and '{Shown(seen[path])}' differ only in case");
        }
        foreach (var path in seen.Values)
        {
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (seen.TryGetValue(path[..slash], out var file))
                    throw Refused(field, file, $"is a file, and '{Shown(path)}' needs it to be a folder");
            }
        }
    }

    private static bool IsWellFormed(string text)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(text) > 0;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    private static string Shown(string path)
    {
        var cut = path.Length > 80 ? path[..80] + "…" : path;
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }

    private static ModelHubException Refused(string field, string path, string why) =>
        ModelHubException.Invalid(field, $"The path '{Shown(path)}' {why}.");
}

using System.Text.RegularExpressions;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Environments;

/// <summary>
/// What a Dockerfile would make the engine fetch. Builds have no network of their own, but an engine itself pulls the images and addresses that
/// are named in one; so these are looked at before it sees them.
/// </summary>
public static partial class Dockerfile
{
    public const int MostCharacters = 1 << 20;

    /// <summary>Names of the images that it begins from or copies from, without its own stages and <c>scratch</c>.</summary>
    /// <exception cref="ModelHubException">It adds something from the network, or names an image in a way that is known only during the build.</exception>
    public static IReadOnlyList<string> Images(string text)
    {
        if (text.Length > MostCharacters)
            throw Refused($"it is longer than {MostCharacters} characters");
        if (Directive().IsMatch(text))
            throw Refused("another escape character than the backslash is not taken here");
        var (images, stages, arguments) = (new List<string>(), new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "scratch" }, new Dictionary<string, string>());
        foreach (var line in Instructions(text))
        {
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries).ToList();
            while (words.Count > 1 && words[0].Equals("ONBUILD", StringComparison.OrdinalIgnoreCase))
                words.RemoveAt(0);
            switch (words[0].ToUpperInvariant())
            {
                case "ARG" when stages.Count == 1 && images.Count == 0 && words.Count > 1:
                    var parts = words[1].Split('=', 2);
                    arguments[parts[0]] = parts.Length > 1 ? parts[1].Trim('"', '\'') : "";
                    break;
                case "FROM":
                    var named = words.Skip(1).Where(w => !w.StartsWith("--", StringComparison.Ordinal)).ToList();
                    if (named.Count == 0)
                        throw Refused("FROM names no image");
                    Add(Filled(named[0], arguments));
                    stages.Add(named.Count > 2 ? named[2] : named[0] + " without a name");
                    break;
                case "ADD" when words.Skip(1).Any(w => w.Contains("://", StringComparison.Ordinal) || w.Contains('$', StringComparison.Ordinal)
                    || w.Contains("git@", StringComparison.OrdinalIgnoreCase) || w.EndsWith(".git", StringComparison.OrdinalIgnoreCase) || w.Contains(".git#", StringComparison.OrdinalIgnoreCase)):
                    throw Refused("ADD takes files of the context only, named as they are: builds have no network");
                default:
                    foreach (Match from in From().Matches(line))
                    {
                        var source = from.Groups[1].Value;
                        // Some builders would fill in what a stage's own ARG or ENV says, others nothing.
                        if (source.Contains('$', StringComparison.Ordinal))
                            throw Refused($"'from={source}' names no stage or image as it is");
                        if (!int.TryParse(source, out _))
                            Add(source);
                    }
                    break;
            }
        }
        return images;

        void Add(string image)
        {
            if (!stages.Contains(image) && !images.Contains(image))
                images.Add(image);
        }
    }

    /// <summary>Lines with their continuations, without comments.</summary>
    private static IEnumerable<string> Instructions(string text)
    {
        var open = "";
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            open += line.EndsWith('\\') ? line[..^1] + " " : line;
            if (line.EndsWith('\\'))
                continue;
            if (open.Trim().Length > 0)
                yield return open.Trim();
            open = "";
        }
        if (open.Trim().Length > 0)
            yield return open.Trim();
    }

    private static string Filled(string image, Dictionary<string, string> arguments)
    {
        var filled = Variable().Replace(image, m => arguments.GetValueOrDefault(m.Groups[1].Value + m.Groups[2].Value, ""));
        return filled.Length > 0 && !filled.Contains('$', StringComparison.Ordinal) ? filled
            : throw Refused($"'{image}' is no name of an image that is known before the build");
    }

    private static ModelHubException Refused(string why) => new(ErrorKind.Invalid, "build_failed", $"The Dockerfile is refused: {why}.");

    [GeneratedRegex(@"^[ \t]*#[ \t]*escape[ \t]*=", RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Directive();

    [GeneratedRegex(@"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", RegexOptions.CultureInvariant)]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?:--from=|\bfrom=)[""']?([^\s,""']+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex From();
}

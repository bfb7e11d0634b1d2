using System.Text.RegularExpressions;
using ModelHub.Application.Errors;

namespace ModelHub.Application.CustomModels;

/// <summary>Reads requirements.txt: one package per line, with extras and bounds on its version.</summary>
public static partial class Requirements
{
    public const string FileName = "requirements.txt";

    /// <summary>Largest file that is read.</summary>
    public const int MostBytes = 1 << 20;
    private const int MostLines = 1000;

    /// <exception cref="ModelHubException">Code <c>invalid_dependencies</c>; its fields are the lines that name no package.</exception>
    public static IReadOnlyList<Dependency> Parse(string text)
    {
        var found = new List<Dependency>();
        var wrong = new Dictionary<string, string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = WithoutComment(raw).Trim();
            if (line.Length == 0)
                continue;
            if (line.Length <= 1000 && Line().Match(line) is { Success: true } match)
                found.Add(new Dependency(match.Groups["name"].Value, ExtrasOf(match), [.. BoundsOf(match)], line, number));
            else
                wrong[line[..Math.Min(line.Length, 200)]] = $"Line {number} names no package.";
        }
        if (found.Count > MostLines)
            throw ModelHubException.Invalid("file", $"{FileName} has {found.Count} packages; {MostLines} are allowed.");
        return wrong.Count == 0 ? found
            : throw new ModelHubException(ErrorKind.Invalid, "invalid_dependencies", $"{FileName} has lines that are no requirement.", wrong);
    }

    private static string WithoutComment(string line)
    {
        var start = line.StartsWith('#') ? 0 : line.IndexOf(" #", StringComparison.Ordinal);
        return start < 0 ? line : line[..start];
    }

    private static string? ExtrasOf(Match match) => match.Groups["extras"] is { Success: true } extras
        ? string.Join(',', extras.Value.Split(',', StringSplitOptions.TrimEntries)) : null;

    private static IEnumerable<DependencyBound> BoundsOf(Match match)
    {
        foreach (Capture bound in match.Groups["bound"].Captures)
        {
            var text = bound.Value.Trim();
            var sign = text.TakeWhile(c => "<>=!~".Contains(c, StringComparison.Ordinal)).Count();
            var version = text[sign..].Trim();
            if (text[..sign] == "~=")
            {
                // "Compatible with": at least this, and the same but for the last part.
                yield return new DependencyBound(">=", version);
                if (version.LastIndexOf('.') is > 0 and var dot)
                    yield return new DependencyBound("==", version[..dot] + ".*");
            }
            else if (text[..sign] != "!=")
            {
                yield return new DependencyBound(text[..sign], version);
            }
        }
    }

    [GeneratedRegex(
        @"^(?<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?<extras>[A-Za-z0-9._,\s-]+)\])?\s*" +
        @"(?:(?<bound>(?:<=|>=|==|<|>|~=|!=)\s*[A-Za-z0-9.*+!_-]+)\s*(?:,\s*(?=[<>=~!])|(?=;|$)))*(?:;[^\r\n]*)?$",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Line();
}

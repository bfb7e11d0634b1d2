using System.Text.RegularExpressions;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Environments;

/// <summary>Which addresses images may be pulled from: nobody but the administrator says where the hub connects to.</summary>
public sealed partial class ImageAddress(IReadOnlyCollection<string> registries)
{
    private const string Field = "dockerImageUri";

    /// <summary>Whether it has the form of an image's name, and of nothing else.</summary>
    public static bool IsOne(string text) => text.Length <= 500 && Form().IsMatch(text);

    /// <summary>The address, once it is known to be one and to lie in a registry that is allowed.</summary>
    /// <exception cref="ModelHubException">It is none, or lies elsewhere.</exception>
    public string Check(string text)
    {
        if (!IsOne(text))
            throw ModelHubException.Invalid(Field, "This is no address of an image: registry/name:tag or registry/name@sha256:digest is expected.");
        var first = text.Split('/')[0];
        var registry = text.Contains('/', StringComparison.Ordinal) && (first.Contains('.', StringComparison.Ordinal)
            || first.Contains(':', StringComparison.Ordinal) || first == "localhost") ? first : "docker.io";
        return registries.Contains(registry, StringComparer.OrdinalIgnoreCase) ? text : throw ModelHubException.Invalid(
            Field, $"Images are not pulled from '{registry}' here; an administrator names the registries that are allowed in MODELHUB_IMAGE_REGISTRIES.");
    }

    [GeneratedRegex(
        "^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._/-]{1,2}[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[a-f0-9]{64})?$",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}

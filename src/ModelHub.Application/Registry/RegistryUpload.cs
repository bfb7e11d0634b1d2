using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using ModelHub.Application.Arrow;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Registry;

/// <summary>How an upload is to be converted, kept with the version as it was said.</summary>
public sealed partial record Conversion
{
    [JsonPropertyName("framework")]
    public string Framework { get; init; } = "";

    [JsonPropertyName("python_version")]
    public string PythonVersion { get; init; } = "";

    [JsonPropertyName("requirements")]
    public IReadOnlyList<string> Requirements { get; init; } = [];

    [JsonPropertyName("framework_config")]
    public JsonElement? FrameworkConfig { get; init; }

    [JsonPropertyName("arch")]
    public string? Arch { get; init; }

    [JsonPropertyName("accel")]
    public string? Accel { get; init; }

    /// <summary>An Arrow schema, base64.</summary>
    [JsonPropertyName("input_schema")]
    public string? InputSchema { get; init; }

    [JsonPropertyName("output_schema")]
    public string? OutputSchema { get; init; }

    /// <summary>What the upload was called; its files may have come out of it.</summary>
    [JsonPropertyName("file_name")]
    public string? FileName { get; init; }

    [JsonPropertyName("file_size")]
    public long? FileSize { get; init; }

    /// <exception cref="ModelHubException">A member is missing or makes no sense.</exception>
    internal Conversion Checked()
    {
        if (!Frameworks.IsKnown(Framework))
            throw ModelHubException.Invalid("conversion.framework", $"'framework' is one of {string.Join(", ", Frameworks.Known)}.");
        if (!PythonVersions().IsMatch(PythonVersion))
            throw ModelHubException.Invalid("conversion.python_version", "'python_version' is a version such as 3.11.");
        if (Requirements.Count > 1000 || Requirements.Any(r => r is not { Length: > 0 and <= 1000 }))
        {
            throw ModelHubException.Invalid(
                "conversion.requirements", "'requirements' is a list of at most 1000 texts of 1 to 1000 characters.");
        }
        if (Arch?.Length > 50 || Accel?.Length > 50)
            throw ModelHubException.Invalid("conversion", "'arch' and 'accel' are short names.");
        if (FrameworkConfig is { } config
            && (config.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null) || config.GetRawText().Length > 100_000))
            throw ModelHubException.Invalid("conversion.framework_config", "'framework_config' is an object.");
        SchemaOf(InputSchema, "input_schema");
        SchemaOf(OutputSchema, "output_schema");
        return this;
    }

    /// <exception cref="ModelHubException">It is no base64, or no Arrow schema.</exception>
    internal static ArrowSchema? SchemaOf(string? base64, string field)
    {
        if (string.IsNullOrEmpty(base64))
            return null;
        if (base64.Length > 4 << 20)
            throw ModelHubException.Invalid(field, $"'{field}' is longer than 4 MB.");
        if (!Base64.IsValid(base64))
            throw ModelHubException.Invalid(field, $"'{field}' is not base64.");
        return ArrowSchema.Parse(Convert.FromBase64String(base64), field);
    }

    [GeneratedRegex(@"\A\d{1,3}(\.\d{1,3}){0,2}\z")]
    private static partial Regex PythonVersions();
}

/// <summary>An upload: which model it is a version of, and what it is said to be.</summary>
public sealed partial record RegistryUpload(string Name, Visibility Visibility, long WorkspaceNumber, Conversion Conversion)
{
    public const int LongestName = 63;

    /// <exception cref="ModelHubException">The name is no DNS label, or the conversion makes no sense.</exception>
    public RegistryUpload Checked()
    {
        if (Name.Length is 0 or > LongestName || !Names().IsMatch(Name))
            throw ModelHubException.Invalid("name", $"'name' is 1 to {LongestName} lower-case letters, digits and dashes.");
        return this with { Conversion = Conversion.Checked() };
    }

    [GeneratedRegex(@"\A[a-z0-9-]+\z")]
    private static partial Regex Names();
}

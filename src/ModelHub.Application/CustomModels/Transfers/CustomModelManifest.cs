using System.Text.Json;
using System.Text.Json.Serialization;
using ModelHub.Application.Archives;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Errors;
using ModelHub.Application.Registry;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Transfers;

/// <summary>All that a hub knows of a custom model, beside the bytes of its files. Ids are those of the hub that wrote it.</summary>
public sealed record CustomModelManifest
{
    public const string Kind = "custom_model";
    private const int MostVersions = 1000;

    /// <summary>As manifests are written: words for what is one of several, and numbers that are none as texts.</summary>
    public static readonly JsonSerializerOptions Json = new(StoredJson.Options)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public string Of { get; init; } = Kind;

    public int Format { get; init; } = 1;

    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public string Description { get; init; } = "";

    public string Language { get; init; } = "";

    public CustomModelType Type { get; init; }

    public TargetType TargetType { get; init; }

    public CustomModelTarget Target { get; init; } = new();

    public CustomModelRuntime Runtime { get; init; } = new();

    public bool TrainingDataOfVersions { get; init; }

    public TrainingData? TrainingData { get; init; }

    public GitOrigin? Git { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<ManifestVersion> Versions { get; init; } = [];

    /// <summary>Where it came from, when it was imported itself: when, by whom, and the manifest that it came with.</summary>
    public JsonElement? Lineage { get; init; }

    /// <exception cref="ModelHubException">It is none, or holds what no hub would have written.</exception>
    internal static CustomModelManifest Read(ReadOnlySpan<byte> json)
    {
        CustomModelManifest? read;
        try
        {
            read = JsonSerializer.Deserialize<CustomModelManifest>(json, Json);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or NotSupportedException)
        {
            throw Refused($"'{Artifacts.ArtifactArchive.Description}' is not what a hub writes: {broken.Message.Split('\n')[0]}");
        }
        // The database takes no NUL, wherever it stands.
        if (read is not { Of: Kind, Format: 1 } || json.IndexOf("\\u0000"u8) >= 0)
            throw Refused($"'{Artifacts.ArtifactArchive.Description}' is of no custom model, or of a newer hub's.");
        if (read.Versions is not { Count: > 0 and <= MostVersions } || read.Versions.Any(v => v is null))
            throw Refused($"A custom model has 1 to {MostVersions} versions here.");
        if (read.Name is null || read.Description is not { Length: <= 10_000 } || read.Language is not { Length: <= 500 } || read.Target?.Classes is null || read.Runtime is null)
            throw Refused("The model's description is too long, or a part of it is missing.");
        read.Target.Check(read.TargetType);
        if (read.Versions.GroupBy(v => (v.Major, v.Minor)).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw Refused($"The version v{twice.Key.Major}.{twice.Key.Minor} is there twice.");
        foreach (var version in read.Versions)
            version.Check();
        return read;
    }

    internal static ModelHubException Refused(string message) => ModelHubException.Invalid("file", message);
}

/// <summary>One version in a manifest.</summary>
public sealed record ManifestVersion
{
    public Guid Id { get; init; }

    public int Major { get; init; }

    public int Minor { get; init; }

    public string? Description { get; init; }

    /// <summary>The name of its environment: one of that name is looked for where it is imported.</summary>
    public string? Environment { get; init; }

    public CustomModelRuntime Runtime { get; init; } = new();

    public TrainingData? TrainingData { get; init; }

    public TrainingData? HoldoutData { get; init; }

    public GitOrigin? Git { get; init; }

    public IReadOnlyList<MetadataValue> Metadata { get; init; } = [];

    /// <summary>An upload of the registry's: what it was, how it was to be converted, and the file as it was sent.</summary>
    public string? Framework { get; init; }

    public Conversion? Conversion { get; init; }

    public string? UploadSha256 { get; init; }

    public VersionStatus Status { get; init; }

    public string? ErrorSummary { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public IReadOnlyList<ManifestFile> Files { get; init; } = [];

    /// <summary>What its model file predicts for the sample rows that its inputs give, row after row; null when it has none, or code.</summary>
    public IReadOnlyList<double>? Golden { get; init; }

    public FeatureImpact? FeatureImpact { get; init; }

    public IReadOnlyList<ManifestTest> Tests { get; init; } = [];

    [JsonIgnore]
    public string Label => $"v{Major}.{Minor}";

    /// <summary>Hashes of all that it is made of: of an upload the file as it was sent, from which the hub that imports it makes the rest.</summary>
    internal IEnumerable<string> Artifacts() => UploadSha256 is null ? Files.Select(f => f.Sha256) : [UploadSha256];

    internal void Check()
    {
        if (Major < 0 || Minor < 0 || Runtime is null || Metadata is null || Files is null || Tests is null || Description?.Length > 10_000 || Framework?.Length > 50
            || Environment?.Length > 1000 || Metadata.Count > 1000 || Metadata.Any(m => m is not { FieldName.Length: > 0, Value: not null })
            || Files.Any(f => f is not { Path: not null, Sha256: not null }) || Conversion is { Requirements: null } || Golden?.Count > 1_000_000)
        {
            throw CustomModelManifest.Refused($"The version {Label} is not what a hub writes.");
        }
        Runtime.Check();
        Conversion?.Checked();
        if (Conversion is not null != UploadSha256 is not null)
            throw CustomModelManifest.Refused($"The version {Label} is an upload without a file, or the other way round.");
        if (Files.Count > (Conversion is null ? ResourceLimits.MostFiles : 1000))
            throw CustomModelManifest.Refused($"The version {Label} has {Files.Count} files; {ResourceLimits.MostFiles} are allowed.");
        if (Files.FirstOrDefault(f => ArchivePath.Clean(f.Path, "file") != f.Path) is { } strange)
            throw CustomModelManifest.Refused($"The path of a file of version {Label} is not in its plain form: it would be '{ArchivePath.Clean(strange.Path, "file")}'.");
        ArchivePath.RequireDistinct(Files.Select(f => f.Path), "file");
        if (FeatureImpact is { } impact && (impact.Columns is not { Count: <= 20_000 } || impact.Measure is null
            || impact.Columns.Any(c => c is not { Feature: not null } || !double.IsFinite(c.Unnormalized) || !double.IsFinite(c.Normalized))))
        {
            throw CustomModelManifest.Refused($"The feature impact of version {Label} is not what a hub writes.");
        }
    }
}

public sealed record ManifestFile(string Path, string Sha256, long Size, FileOrigin? Origin);

/// <summary>A test as it ended there; it is told, not believed.</summary>
public sealed record ManifestTest(DateTimeOffset CreatedAt, Runs.TestStatus Status, IReadOnlyDictionary<string, Runs.TestResult> Results);

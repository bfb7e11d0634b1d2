using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Models;

/// <summary>Where a model comes from, told beside its file: what it was trained on and how, and what its evaluation said.</summary>
public sealed record ModelManifest
{
    public const int NewestVersion = 1;

    /// <summary>As manifests are written: numbers that are none are texts.</summary>
    public static readonly JsonSerializerOptions Json = StoredJson.Options;
    private const int MostMetrics = 100;

    public int Version { get; init; } = NewestVersion;

    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public string Algorithm { get; init; } = "";

    public string Task { get; init; } = "";

    public string ArtifactSha256 { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public double TrainSeconds { get; init; }

    public double MicrosPerRow { get; init; }

    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    public IReadOnlyList<double> FoldScores { get; init; } = [];

    public JsonElement? Parameters { get; init; }

    public ModelReport? Report { get; init; }

    public ManifestExperiment? Experiment { get; init; }

    /// <summary>Of the model that this one was imported from, when it was.</summary>
    public JsonElement? Lineage { get; init; }

    /// <exception cref="ModelHubException">It is none, or not of this file.</exception>
    internal static ModelManifest Read(ReadOnlySpan<byte> json, string sha256)
    {
        ModelManifest? read;
        try
        {
            var body = JsonSerializer.Deserialize<JsonElement>(json);
            read = (body.ValueKind == JsonValueKind.Object && body.TryGetProperty("manifest", out var inner) ? inner : body).Deserialize<ModelManifest>(StoredJson.Options);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or NotSupportedException)
        {
            throw ModelHubException.Invalid("manifest", "'manifest' is not what a hub's /api/models/{id}/manifest answers.");
        }
        if (read is not { Version: 1, Name: not null, Metrics.Count: <= MostMetrics, FoldScores.Count: <= 1000 } || read.Metrics.Keys.Any(k => k.Length > 50)
            || json.IndexOf("\\u0000"u8) >= 0 || !double.IsFinite(read.TrainSeconds) || !double.IsFinite(read.MicrosPerRow))
            throw ModelHubException.Invalid("manifest", "'manifest' is none, or of a newer version.");
        return read.ArtifactSha256 == sha256 ? read
            : throw ModelHubException.Invalid("manifest", $"The manifest is of another file: it names {Short(read.ArtifactSha256)}, this one is {sha256[..12]}….");
    }

    private static string Short(string? sha256) => sha256 is { Length: > 12 } ? sha256[..12] + "…" : sha256 ?? "none";
}

/// <summary>The search that a model came of, in the hub that made it.</summary>
public sealed record ManifestExperiment(
    Guid Id, string Name, string Target, string ProblemType, ExperimentConfig? Config, Guid DatasetId, Guid DatasetVersionId, string? DatasetHash, long? Rows);

using System.Text.Json;
using System.Text.Json.Serialization;
using ModelHub.Application.Explanations;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub.Wire;

public record ModelListWire
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Algo { get; init; }

    public required Guid ExperimentId { get; init; }

    public required string ExperimentName { get; init; }

    public required Guid ProjectId { get; init; }

    public required string ProjectName { get; init; }

    public required bool IsBest { get; init; }

    public required bool IsProduction { get; init; }

    public required bool IsStaging { get; init; }

    /// <summary>Numbers by name; in a model's own answer also confusion_matrix and variable_importance.</summary>
    public required IReadOnlyDictionary<string, object> Metrics { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record ModelDetailWire : ModelListWire
{
    public required string Task { get; init; }

    public required Guid? ArtifactId { get; init; }

    public required string? ArtifactSha256 { get; init; }

    public required double TrainSeconds { get; init; }

    public required double MicrosPerRow { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>Where an imported model came from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Lineage { get; init; }
}

/// <param name="Label">model_binary: our file; onnx: the same model as ONNX, where it has such a form.</param>
/// <param name="Url">Where it is fetched.</param>
public sealed record ArtifactLinkWire(Guid ArtifactId, string OwnerType, string Label, string Url);

public sealed record ModelAnswer(ModelDetailWire Model, IReadOnlyList<ArtifactLinkWire> ArtifactLinks);

/// <param name="Manifest">Name, algorithm, metrics, parameters, report, the search and the data that the model came of, and the SHA-256 of its file.</param>
public sealed record ManifestAnswer(JsonElement Manifest);

public sealed record ParametersAnswer(JsonElement Parameters);

public sealed record PredictRequest
{
    /// <summary>One record, or a list of records: values by column.</summary>
    public JsonElement Inputs { get; init; }

    public PredictOptions? Options { get; init; }
}

public sealed record PredictOptions
{
    /// <summary>Of a binary model: the positive class is predicted at this probability.</summary>
    public double? Threshold { get; init; }

    /// <summary>What each input column adds to the score: exact SHAP, BiasTerm last.</summary>
    public bool IncludeContributions { get; init; }

    /// <summary>Only so many contributions, the largest.</summary>
    public int? TopN { get; init; }

    /// <summary>With each prediction an interval (regression) or a set of labels (classification) that holds the truth as often as <c>coverage</c> says.</summary>
    public bool IncludeInterval { get; init; }

    /// <summary>0.5, 0.8, 0.9 (the default), 0.95 or 0.99, as far as the validated rows allow.</summary>
    public double? Coverage { get; init; }

    internal static PredictOptions None { get; } = new();
}

public sealed record PredictAnswer
{
    public required IReadOnlyList<PredictionWire> Predictions { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<ContributionWire>>? Contributions { get; init; }

    /// <summary>log_odds or value: where the contributions add up.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ContributionSpace { get; init; }

    /// <summary>Share of new rows whose truth lies within their interval or label set.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? IntervalCoverage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

public sealed record ContributionWire(string Feature, double Value);

public sealed record ExplainAnswer(ExplainWire Explain);

public sealed record ExplainWire
{
    public required Guid ModelId { get; init; }

    public required string Algo { get; init; }

    public required IReadOnlyList<ImportanceShare> VariableImportance { get; init; }

    /// <summary>Mean size of each column's contributions (exact SHAP) and those of some rows; null when the model has none that are exact.</summary>
    public required ShapSummaryWire? ShapSummary { get; init; }

    /// <summary>Loss of the metric when a column is shuffled, over three repeats.</summary>
    public required PermutationWire PermutationImportance { get; init; }

    /// <summary>Mean prediction as a feature takes each of some values; the ten most important ones.</summary>
    public required IReadOnlyList<DependenceCurve> PartialDependence { get; init; }

    /// <summary>Of a binary model.</summary>
    public required ThresholdReport? Thresholds { get; init; }

    public required IReadOnlyList<CalibrationReport>? Calibration { get; init; }

    /// <summary>Of a binary model: the rows with the highest scores first, in ten groups.</summary>
    public required object? Lift { get; init; }

    /// <summary>Of a regression.</summary>
    public required ResidualReport? Residuals { get; init; }

    public required ConfusionCounts? ConfusionMatrix { get; init; }

    public required RocPoints? RocCurve { get; init; }

    public required PrPoints? PrCurve { get; init; }

    public required IReadOnlyList<ScoringStepWire> ScoringHistory { get; init; }
}

public sealed record ShapSummaryWire(string Space, int Rows, IReadOnlyList<ShapColumn> Columns);

public sealed record PermutationWire(string Metric, int Rows, IReadOnlyList<PermutationShare> Variables);

/// <summary>Mean loss (logloss, or half the squared error) after a step, over the rows learned from and those held back, of the first fold.</summary>
public sealed record ScoringStepWire(
    DateTimeOffset Timestamp,
    int Step,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? TrainingLogloss,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? ValidationLogloss);

public sealed record PredictionWire
{
    /// <summary>The class of a classification, the number of a regression.</summary>
    public required object Prediction { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Probabilities { get; init; }

    /// <summary>Of a regression, when asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IntervalWire? Interval { get; init; }

    /// <summary>Of a classification, when asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? LabelSet { get; init; }
}

public sealed record IntervalWire(double Low, double High);

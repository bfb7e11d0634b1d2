using System.Text.Json;

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

    /// <summary>SHA-256 of the artifact.</summary>
    public required string? ArtifactId { get; init; }

    public required double TrainSeconds { get; init; }

    public required double MicrosPerRow { get; init; }

    public required long SizeBytes { get; init; }
}

public sealed record ArtifactLinkWire(string ArtifactId, string OwnerType, string Label);

public sealed record ModelAnswer(ModelDetailWire Model, IReadOnlyList<ArtifactLinkWire> ArtifactLinks);

public sealed record ParametersAnswer(JsonElement Parameters);

public sealed record PredictRequest
{
    /// <summary>One record, or a list of records: values by column.</summary>
    public JsonElement Inputs { get; init; }

    public PredictOptions? Options { get; init; }
}

public sealed record PredictOptions
{
    public double? Threshold { get; init; }
}

public sealed record PredictAnswer
{
    public required IReadOnlyList<PredictionWire> Predictions { get; init; }

    public IReadOnlyList<string>? Warnings { get; init; }
}

public sealed record PredictionWire
{
    /// <summary>The class of a classification, the number of a regression.</summary>
    public required object Prediction { get; init; }

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Probabilities { get; init; }
}

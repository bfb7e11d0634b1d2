using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary>Rows as JSON: a list of records, or an object with them as <c>data</c>. Documented here, read without objects.</summary>
public sealed record PredictionRows
{
    [JsonPropertyName("data")]
    public IReadOnlyList<Dictionary<string, JsonElement>>? Data { get; init; }
}

public sealed record PredictionsWire
{
    [JsonPropertyName("data")]
    public IReadOnlyList<PredictionRowWire>? Data { get; init; }
}

public sealed record PredictionRowWire
{
    [JsonPropertyName("predictionValues")]
    public IReadOnlyList<PredictionValueWire>? PredictionValues { get; init; }

    /// <summary>Of binary models.</summary>
    [JsonPropertyName("predictionThreshold")]
    public double? PredictionThreshold { get; init; }

    /// <summary>1 or 0 of a binary model, the class of a multiclass one, the value of a regression.</summary>
    [JsonPropertyName("prediction")]
    public JsonElement Prediction { get; init; }

    [JsonPropertyName("rowId")]
    public long RowId { get; init; }

    [JsonPropertyName("isOutlierPrediction")]
    public bool? IsOutlierPrediction { get; init; }

    [JsonPropertyName("passthroughValues")]
    public Dictionary<string, JsonElement>? PassthroughValues { get; init; }
}

public sealed record PredictionValueWire
{
    [JsonPropertyName("value")]
    public double Value { get; init; }

    /// <summary>1 or 0 of a binary model, the class of a multiclass one, the target's name of a regression.</summary>
    [JsonPropertyName("label")]
    public JsonElement Label { get; init; }
}

public sealed record MessageWire
{
    [JsonPropertyName("message")]
    public string? Message { get; init; }
}

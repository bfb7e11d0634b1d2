using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.AutoMl.Wire;

public record ModelNameRequest : CollectionRequest
{
    /// <summary>Letters, digits, space and _ - . up to 128.</summary>
    [JsonPropertyName("model_name")]
    public string? ModelName { get; init; }
}

public sealed record TrainRequest : ModelNameRequest
{
    /// <summary>high_speed, balanced, high_accuracy or auto (balanced).</summary>
    [JsonPropertyName("training_mode")]
    public string? TrainingMode { get; init; }

    /// <summary>classification or regression.</summary>
    [JsonPropertyName("task_type")]
    public string? TaskType { get; init; }

    [JsonPropertyName("label_attribute")]
    public string? LabelAttribute { get; init; }

    [JsonPropertyName("categorical_features")]
    public IReadOnlyList<string>? CategoricalFeatures { get; init; }

    /// <summary>A dataset of the project to validate on, instead of cross-validation.</summary>
    [JsonPropertyName("validation_dataset")]
    public string? ValidationDataset { get; init; }
}

public sealed record PredictRequest : ModelNameRequest, IFileRequest
{
    /// <summary>The file in base64; or name a dataset.</summary>
    [JsonPropertyName("file_data")]
    public string? FileData { get; init; }

    /// <summary>csv, json or libsvm.</summary>
    [JsonPropertyName("file_format")]
    public string? FileFormat { get; init; }

    [JsonPropertyName("has_field_names")]
    public bool? HasFieldNames { get; init; }

    [JsonPropertyName("compression_type")]
    public string? CompressionType { get; init; }

    [JsonPropertyName("prediction_dataset")]
    public string? PredictionDataset { get; init; }
}

public sealed record PredictAnswer : SuccessAnswer
{
    /// <summary>Samples that have a label.</summary>
    [JsonPropertyName("num_samples")]
    public required int NumSamples { get; init; }

    /// <summary>Numbers, or the labels as text when not all of them are numbers.</summary>
    [JsonPropertyName("predictions")]
    public required IReadOnlyList<object> Predictions { get; init; }

    /// <summary>Metrics of a classification, the mean squared error of a regression; absent without labels.</summary>
    [JsonPropertyName("prediction_metric")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public object? PredictionMetric { get; init; }
}

public sealed record TrainingStatusAnswer : SuccessAnswer
{
    [JsonPropertyName("task_type")]
    public required string TaskType { get; init; }

    [JsonPropertyName("model_name")]
    public required string ModelName { get; init; }

    [JsonPropertyName("label_attribute")]
    public required string LabelAttribute { get; init; }

    /// <summary>pending, in_progress, finished or failed.</summary>
    [JsonPropertyName("status")]
    public required string Status { get; init; }

    /// <summary>UTC.</summary>
    [JsonPropertyName("start_time")]
    public required string StartTime { get; init; }

    /// <summary>HH:MM:SS; hours grow past 99.</summary>
    [JsonPropertyName("duration")]
    public required string Duration { get; init; }

    [JsonPropertyName("validation_metric")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public object? ValidationMetric { get; init; }

    [JsonPropertyName("error")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }
}

public sealed record ValidationMetricAnswer : SuccessAnswer
{
    [JsonPropertyName("validation_metric")]
    public required object ValidationMetric { get; init; }
}

public sealed record ModelInfosAnswer : SuccessAnswer
{
    /// <summary>Per model: name, task type, training mode, label attribute, time of creation.</summary>
    [JsonPropertyName("model_infos")]
    public required IReadOnlyList<IReadOnlyList<string>> ModelInfos { get; init; }
}

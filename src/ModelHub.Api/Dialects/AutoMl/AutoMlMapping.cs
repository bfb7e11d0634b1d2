using System.Globalization;
using ModelHub.Api.Dialects.AutoMl.Wire;
using ModelHub.Application.Collections;
using ModelHub.Application.Datasets;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.AutoMl;

internal static class AutoMlMapping
{
    private static readonly string[] Classification =
        ["accuracy", "micro_precision", "macro_precision", "micro_recall", "macro_recall", "micro_f1", "macro_f1", "auc"];

    public static CollectionName At(CollectionRequest request) => new(request.ProjectName!, request.CollectionName!);

    public static TableSource ToSource(IFileRequest file) => new()
    {
        Format = file.FileFormat switch
        {
            "csv" => TableFormat.Csv,
            "json" => TableFormat.Json,
            "libsvm" => TableFormat.Libsvm,
            _ => TableFormat.Binary,
        },
        HasFieldNames = file.HasFieldNames ?? true,
        Gzip = file.CompressionType == "gzip",
    };

    /// <summary>The bytes of a base64 text.</summary>
    public static MemoryStream Bytes(string base64)
    {
        var bytes = new byte[base64.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(base64, bytes, out var length)
            ? new MemoryStream(bytes, 0, length, writable: false)
            : throw ModelHubException.Invalid("file_data", "'file_data' is not base64.");
    }

    public static TrainingRequest ToCommand(TrainRequest request) => new(
        request.ModelName!, request.TrainingMode!, request.TaskType == "regression", request.LabelAttribute!, request.CategoricalFeatures ?? [],
        string.IsNullOrEmpty(request.ValidationDataset) ? null : request.ValidationDataset);

    public static string StatusOf(JobStatus status) => status switch
    {
        JobStatus.Queued => "pending",
        JobStatus.Running => "in_progress",
        JobStatus.Succeeded => "finished",
        JobStatus.Failed => "failed",
        JobStatus.Cancelled => "failed",
    };

    public static TrainingStatusAnswer ToAnswer(Job job, Experiment experiment, Model? best, DateTimeOffset now)
    {
        var start = job.StartedAt ?? job.CreatedAt;
        var took = job.StartedAt is null ? TimeSpan.Zero : (job.FinishedAt ?? now) - start;
        return new TrainingStatusAnswer
        {
            TaskType = experiment.ProblemType,
            ModelName = experiment.Name,
            LabelAttribute = experiment.Target,
            Status = StatusOf(job.Status),
            StartTime = start.UtcDateTime.ToString("yyyy/MM/dd HH:mm:ss", CultureInfo.InvariantCulture),
            Duration = string.Create(CultureInfo.InvariantCulture, $"{(int)took.TotalHours:00}:{took.Minutes:00}:{took.Seconds:00}"),
            ValidationMetric = best is null ? null : MetricOf(best.Task == "regression", best.Metrics),
            Error = job.Status == JobStatus.Cancelled ? "The training was cancelled." : job.ErrorMessage,
        };
    }

    public static PredictAnswer ToAnswer(TableScores scores)
    {
        var isNumeric = scores.Classes.All(c => double.TryParse(c, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
        return new PredictAnswer
        {
            NumSamples = scores.LabelledRows,
            Predictions = [.. scores.Rows.Select(r => r.Label is not { } label ? r.Outputs[0]
                : isNumeric ? (object)double.Parse(label, NumberStyles.Float, CultureInfo.InvariantCulture) : label)],
            PredictionMetric = scores.Metrics is null ? null : MetricOf(scores.Task == TaskKindName.Regression, scores.Metrics),
        };
    }

    public static IReadOnlyList<string> ToInfo(Experiment experiment) =>
    [
        experiment.Name, experiment.ProblemType, experiment.Config.Mode, experiment.Target,
        experiment.CreatedAt.UtcDateTime.ToString("yyyy/MM/dd, HH:mm", CultureInfo.InvariantCulture),
    ];

    public static object MetricOf(bool isRegression, IReadOnlyDictionary<string, double> metrics) => isRegression
        ? metrics["mse"]
        : Classification.Where(metrics.ContainsKey).ToDictionary(name => name, name => metrics[name], StringComparer.Ordinal);
}

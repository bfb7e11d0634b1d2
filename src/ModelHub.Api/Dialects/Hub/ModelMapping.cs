using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Datasets;
using ModelHub.Application.Experiments;
using ModelHub.Application.Explanations;
using ModelHub.Application.Identity;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub;

internal static class ModelMapping
{
    public static DatasetWire ToWire(DatasetView view) => new()
    {
        Id = view.Dataset.Id,
        ProjectId = view.Dataset.ProjectId,
        Name = view.Dataset.Name,
        Status = view.Version is null ? "empty" : "ready",
        VersionId = view.Version?.Id,
        Version = view.Version?.Number,
        RowCount = view.Version?.RowCount ?? 0,
        ContentHash = view.Version?.ContentHash,
        Columns = [.. view.Columns.Select(c => new ColumnWire
        {
            Name = c.Name, Kind = c.Kind, Missing = c.Missing, Distinct = c.Distinct, Min = c.Min, Max = c.Max, Mean = c.Mean, Std = c.Std,
            TopValues = c.TopValues,
        })],
        Error = null,
        CreatedAt = view.Dataset.CreatedAt,
    };

    public static NewExperiment ToCommand(ExperimentRequest request) => new(
        Id(request.ProjectId, "project_id"),
        Id(request.DatasetVersionId, "dataset_version_id") ?? throw ModelHubException.Invalid("dataset_version_id", "'dataset_version_id' is needed."),
        request.Name ?? "experiment",
        request.TargetColumn,
        request.ProblemType ?? "auto",
        new ExperimentConfig
        {
            Mode = request.Config?.Mode ?? "balanced",
            Metric = request.Config?.Metric,
            MaxModels = request.Config?.MaxModels,
            MaxRuntimeSecs = request.Config?.MaxRuntimeSecs,
            Folds = request.Config?.Nfolds,
            FoldColumn = request.Config?.FoldColumn,
            GroupColumn = request.Config?.GroupColumn,
            TimeColumn = request.Config?.TimeColumn,
            MaxMicrosPerRow = request.Config?.MaxMicrosPerRow,
            Seed = request.Config?.Seed ?? 42,
            CategoricalColumns = request.Config?.CategoricalColumns ?? [],
            IgnoredColumns = request.Config?.IgnoredColumns ?? [],
            ValidationVersionId = Id(request.Config?.ValidationDatasetVersionId, "config.validation_dataset_version_id"),
        });

    public static ExperimentWire ToWire(ExperimentView view, IReadOnlyList<Model>? leaderboard = null) => new()
    {
        Id = view.Experiment.Id,
        ProjectId = view.Experiment.ProjectId,
        DatasetId = view.Experiment.DatasetId,
        DatasetVersionId = view.Experiment.DatasetVersionId,
        Name = view.Experiment.Name,
        TargetColumn = view.Experiment.Target,
        ProblemType = view.Experiment.ProblemType,
        Task = view.Experiment.Task,
        Config = ToWire(view.Experiment.Config),
        Status = StatusOf(view.Experiment.Status),
        Metric = ModelService.MetricOf(view.Experiment),
        Progress = view.Progress,
        Live = view.Live is { } live ? new LiveWire
        {
            TrialsDone = live.TrialsDone, TrialsPlanned = view.TrialsPlanned, SecondsLeft = view.SecondsLeft, Best = live.Best, Trials = live.Trials,
        } : null,
        Message = view.Message,
        Error = view.Experiment.Error,
        JobId = view.Experiment.JobId,
        BestModelId = view.Experiment.BestModelId,
        DroppedColumns = Parse(view.Experiment.DroppedColumns),
        CreatedAt = view.Experiment.CreatedAt,
        StartedAt = view.Experiment.StartedAt,
        FinishedAt = view.Experiment.FinishedAt,
        Leaderboard = leaderboard is null ? null : [.. leaderboard.Select((m, at) => ToEntry(m, at + 1))],
    };

    public static ModelListWire ToListWire(ModelSummary model) => new()
    {
        Id = model.Id,
        Name = model.Name,
        Algo = model.Algorithm,
        ExperimentId = model.ExperimentId,
        ExperimentName = model.ExperimentName,
        ProjectId = model.ProjectId,
        ProjectName = model.ProjectName,
        IsBest = model.IsBest,
        IsProduction = model.InProduction,
        IsStaging = model.InStaging,
        Metrics = Shown(model.Metrics),
        CreatedAt = model.CreatedAt,
    };

    public static ModelAnswer ToAnswer(ModelView view)
    {
        var metrics = Shown(view.Model.Metrics);
        var report = Parse(view.Model.Report)!.Value;
        foreach (var name in new[] { "confusion_matrix", "variable_importance" })
        {
            if (report.TryGetProperty(name, out var part) && part.ValueKind is not JsonValueKind.Null)
                metrics[name] = part;
        }
        var model = new ModelDetailWire
        {
            Id = view.Model.Id, Name = view.Model.Name, Algo = view.Model.Algorithm, ExperimentId = view.Model.ExperimentId,
            ExperimentName = view.ExperimentName, ProjectId = view.Model.ProjectId, ProjectName = view.ProjectName, IsBest = view.Model.IsBest,
            IsProduction = view.InProduction, IsStaging = view.InStaging, Metrics = metrics, CreatedAt = view.Model.CreatedAt, Task = view.Model.Task,
            ArtifactId = view.Model.ArtifactSha256 is { } own ? HubId.OfArtifact(own) : null, ArtifactSha256 = view.Model.ArtifactSha256, TrainSeconds = view.Model.TrainSeconds, MicrosPerRow = view.Model.MicrosPerRow,
            SizeBytes = view.Model.SizeBytes, Lineage = Parse(view.Model.Lineage),
        };
        return new ModelAnswer(model, view.Model.ArtifactSha256 is { } sha256 ? LinksOf(view.Model.Id, sha256) : []);
    }

    public static RowWish ToWish(ExplainRowsOptions? options) => new(
        options?.Class, options?.TopN, new DataWish(Id(options?.DatasetId, "options.dataset_id"), Id(options?.DatasetVersionId, "options.dataset_version_id")));

    /// <summary>The ONNX form is made when it is first fetched, always the same: its id comes of the model's file and not of its own bytes.</summary>
    private static List<ArtifactLinkWire> LinksOf(Guid id, string sha256) =>
    [
        new(HubId.OfArtifact(sha256), "model", "model_binary", $"/api/models/{id}/artifact"),
        new(
            HubId.OfArtifact(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(sha256 + " as onnx")))), "model", "onnx",
            $"/api/models/{id}/artifact/onnx"),
    ];

    public static ExplainRowsAnswer ToAnswer(ExplainedRows explained) => new()
    {
        Rows =
        [
            .. explained.Rows.Select(row => new ExplainedRowWire
            {
                Prediction = StudioMapping.ToWire(explained.Classes, new RowPrediction(row.Label, row.Outputs)),
                Explanations =
                [
                    .. row.Scores.Select(s => new ScoreExplanationWire(
                        s.Class, s.Score, s.Bias, [.. s.Contributions.Select(c => new ContributionWire(c.Key, c.Value))])),
                ],
            }),
        ],
        ContributionSpace = explained.Space,
        Warnings = explained.Warnings.Count > 0 ? explained.Warnings : null,
    };

    public static JsonElement? Parse(string? json) => json is null ? null : JsonSerializer.Deserialize<JsonElement>(json);

    private static Guid? Id(string? text, string field) => text is null ? null
        : HubId.TryParse(text, out var id) ? id : throw ModelHubException.Invalid(field, $"'{field}' is no id.");

    public static ExplainAnswer ToExplanation(ModelExplanation found) => new(new ExplainWire
    {
        ModelId = found.ModelId,
        Algo = found.Algorithm,
        VariableImportance = found.Report.VariableImportance,
        ShapSummary = found.Explanation.Shap is { } shap ? new ShapSummaryWire(found.Explanation.ShapSpace!, found.Explanation.Rows, shap) : null,
        PermutationImportance = new PermutationWire(found.Explanation.Metric, found.Explanation.Rows, found.Explanation.Permutation),
        PartialDependence = found.Explanation.Dependence,
        ConfusionMatrix = found.Report.ConfusionMatrix,
        RocCurve = found.Report.RocCurve,
        PrCurve = found.Report.PrCurve,
        Thresholds = found.Report.Thresholds,
        Calibration = found.Report.Calibration,
        Lift = found.Report.Lift,
        Residuals = found.Report.Residuals,
        ScoringHistory =
        [
            .. found.Report.ScoringHistory.Select(h => new ScoringStepWire(
                h.Timestamp, h.Step, double.IsFinite(h.TrainingLoss) ? h.TrainingLoss : null, double.IsFinite(h.ValidationLoss) ? h.ValidationLoss : null)),
        ],
    });

    private static LeaderboardWire ToEntry(Model model, int rank) => new()
    {
        Id = model.Id, Name = model.Name, Algo = model.Algorithm, IsBest = model.IsBest, Metrics = model.Metrics, FoldScores = model.FoldScores,
        Rank = model.FailureReason is null ? rank : null, FoldMean = model.FoldScores.Length > 0 ? model.FoldScores.Average() : null,
        FoldDeviation = Deviation(model.FoldScores),
        TrainSeconds = model.TrainSeconds, MicrosPerRow = model.MicrosPerRow, SizeBytes = model.SizeBytes, FailureReason = model.FailureReason,
    };

    private static Dictionary<string, object> Shown(Dictionary<string, double> metrics)
    {
        var shown = metrics.ToDictionary(m => m.Key, m => (object)m.Value, StringComparer.Ordinal);
        if (metrics.TryGetValue("macro_recall", out var recall))
            shown[ModelLists.PerClassError] = 1 - recall;
        return shown;
    }

    private static double? Deviation(double[] scores)
    {
        if (scores.Length < 2)
            return null;
        var mean = scores.Average();
        return Math.Sqrt(scores.Sum(s => (s - mean) * (s - mean)) / (scores.Length - 1));
    }

    private static ExperimentConfigWire ToWire(ExperimentConfig config) => new()
    {
        Mode = config.Mode, Metric = config.Metric, MaxModels = config.MaxModels, MaxRuntimeSecs = config.MaxRuntimeSecs, Nfolds = config.Folds, FoldColumn = config.FoldColumn,
        GroupColumn = config.GroupColumn, TimeColumn = config.TimeColumn, MaxMicrosPerRow = config.MaxMicrosPerRow,
        Seed = config.Seed, CategoricalColumns = config.CategoricalColumns, IgnoredColumns = config.IgnoredColumns,
        ValidationDatasetVersionId = config.ValidationVersionId?.ToString(),
    };

    private static string StatusOf(ExperimentStatus status) => status switch
    {
        ExperimentStatus.Queued => "queued",
        ExperimentStatus.Running => "running",
        ExperimentStatus.Succeeded => "succeeded",
        ExperimentStatus.Failed => "failed",
        ExperimentStatus.Cancelled => "cancelled",
    };
}

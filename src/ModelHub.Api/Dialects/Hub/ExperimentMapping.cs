using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub;

internal static class ExperimentMapping
{
    public static NewExperiment ToCommand(ExperimentRequest request) => new(
        HubPaging.QueryId(request.ProjectId, "project_id"),
        HubPaging.QueryId(request.DatasetVersionId, "dataset_version_id") ?? throw ModelHubException.Invalid("dataset_version_id", "'dataset_version_id' is needed."),
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
            ValidationVersionId = HubPaging.QueryId(request.Config?.ValidationDatasetVersionId, "config.validation_dataset_version_id"),
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
        DroppedColumns = ModelMapping.Parse(view.Experiment.DroppedColumns),
        CreatedAt = view.Experiment.CreatedAt,
        StartedAt = view.Experiment.StartedAt,
        FinishedAt = view.Experiment.FinishedAt,
        Leaderboard = leaderboard is null ? null : [.. leaderboard.Select((m, at) => ToEntry(m, at + 1))],
    };

    private static LeaderboardWire ToEntry(Model model, int rank) => new()
    {
        Id = model.Id, Name = model.Name, Algo = model.Algorithm, IsBest = model.IsBest, Metrics = model.Metrics, FoldScores = model.FoldScores,
        Rank = model.FailureReason is null ? rank : null, FoldMean = model.FoldScores.Length > 0 ? model.FoldScores.Average() : null,
        FoldDeviation = Deviation(model.FoldScores),
        TrainSeconds = model.TrainSeconds, MicrosPerRow = model.MicrosPerRow, SizeBytes = model.SizeBytes, FailureReason = model.FailureReason,
    };

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

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Explanations;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub;

internal static class ModelMapping
{
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
        options?.Class, options?.TopN, new DataWish(
            HubPaging.QueryId(options?.DatasetId, "options.dataset_id"), HubPaging.QueryId(options?.DatasetVersionId, "options.dataset_version_id")));

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

    private static Dictionary<string, object> Shown(Dictionary<string, double> metrics)
    {
        var shown = metrics.ToDictionary(m => m.Key, m => (object)m.Value, StringComparer.Ordinal);
        if (metrics.TryGetValue("macro_recall", out var recall))
            shown[ModelLists.PerClassError] = 1 - recall;
        return shown;
    }
}

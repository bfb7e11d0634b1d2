using ModelHub.Engine.Data;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Models;

/// <summary>What is kept of a model's evaluation, as it is shown.</summary>
public sealed record ModelReport
{
    public ConfusionCounts? ConfusionMatrix { get; init; }

    public RocPoints? RocCurve { get; init; }

    public PrPoints? PrCurve { get; init; }

    public IReadOnlyList<ImportanceShare> VariableImportance { get; init; } = [];

    public IReadOnlyList<ScoringStep> ScoringHistory { get; init; } = [];

    public ThresholdReport? Thresholds { get; init; }

    /// <summary>By class; of a binary model the positive one.</summary>
    public IReadOnlyList<CalibrationReport>? Calibration { get; init; }

    public IReadOnlyList<LiftGroup>? Lift { get; init; }

    public ResidualReport? Residuals { get; init; }

    /// <summary>
    /// Nonconformity of the validated rows by coverage, for intervals and label sets (split conformal prediction: Vovk et al. 2005): the
    /// absolute residual of a regression, one less the probability of the true class of a classifier.
    /// </summary>
    public IReadOnlyList<ConformalQuantile>? Conformal { get; init; }

    /// <summary>What an evaluation says, as it is kept.</summary>
    internal static ModelReport Of(EvaluationReport report) => new()
    {
        ConfusionMatrix = report.ConfusionMatrix is { } c ? new ConfusionCounts([.. c.Labels], c.Matrix) : null,
        RocCurve = report.RocCurve is { } roc ? new RocPoints(roc.Fpr, roc.Tpr) : null,
        PrCurve = report.PrCurve is { } pr ? new PrPoints(pr.Precision, pr.Recall, pr.Thresholds) : null,
    };

    /// <summary>What the validated rows tell beside the metrics.</summary>
    internal static ModelReport OfValidation(ModelReport report, TaskKind task, IReadOnlyList<string> classes, double[] outputs, double[] truth)
    {
        if (truth.Length == 0)
            return report;
        if (task == TaskKind.Regression)
            return report with { Residuals = ResidualReport.Of(outputs, truth), Conformal = ConformalQuantile.Of([.. truth.Select((y, r) => Math.Abs(y - outputs[r]))]) };
        var width = classes.Count;
        double[] misses = [.. truth.Select((y, r) => 1 - outputs[r * width + (int)y])];
        var calibration = Enumerable.Range(task == TaskKind.Binary ? 1 : 0, task == TaskKind.Binary ? 1 : width).Select(k =>
        {
            var own = Engine.Metrics.Calibration.Of([.. truth.Select((_, r) => Math.Clamp(outputs[r * width + k], 0, 1))], [.. truth.Select(y => (int)y == k)]);
            return new CalibrationReport(classes[k], own.Bins, own.ExpectedError, own.LargestError, own.Brier);
        }).ToList();
        report = report with { Calibration = calibration, Conformal = ConformalQuantile.Of(misses) };
        if (task != TaskKind.Binary)
            return report;
        double[] scores = [.. truth.Select((_, r) => outputs[r * 2 + 1])];
        bool[] positive = [.. truth.Select(y => y == 1)];
        return report with
        {
            Thresholds = new ThresholdReport(
                Engine.Metrics.Thresholds.BestF1(scores, positive), Engine.Metrics.Thresholds.BestYouden(scores, positive),
                Engine.Metrics.Thresholds.BestAccuracy(scores, positive), Engine.Metrics.Thresholds.Curve(scores, positive, 100)),
            Lift = positive.Contains(true) ? LiftTable.Of(scores, positive) : null,
        };
    }
}

/// <summary>Where a line between the classes would be best by three measures, and what each line comes to.</summary>
public sealed record ThresholdReport(ThresholdPoint BestF1, ThresholdPoint BestYouden, ThresholdPoint BestAccuracy, IReadOnlyList<ThresholdPoint> Curve);

public sealed record CalibrationReport(string Class, IReadOnlyList<CalibrationBin> Bins, double ExpectedError, double LargestError, double Brier);

/// <summary>Actual less predicted, over the validated rows.</summary>
/// <param name="Points">Some rows: predicted and actual.</param>
public sealed record ResidualReport(
    int Count, double Mean, double StandardDeviation, double Minimum, double Median, double Maximum, IReadOnlyList<HistogramBin> Histogram,
    IReadOnlyList<ResidualPoint> Points)
{
    private const int MostPoints = 300;

    internal static ResidualReport Of(double[] outputs, double[] truth)
    {
        double[] residuals = [.. truth.Select((y, r) => y - outputs[r])];
        double[] sorted = [.. residuals.Order()];
        var mean = residuals.Average();
        var bins = Math.Clamp(residuals.Length / 10, 5, 30);
        var (low, high) = (sorted[0], sorted[^1]);
        var width = high > low ? (high - low) / bins : 1;
        var counts = new int[bins];
        foreach (var residual in residuals)
            counts[Math.Clamp((int)((residual - low) / width), 0, bins - 1)]++;
        var step = Math.Max(1, residuals.Length / MostPoints);
        return new ResidualReport(
            residuals.Length, mean, Math.Sqrt(residuals.Sum(r => (r - mean) * (r - mean)) / Math.Max(1, residuals.Length - 1)), low, sorted[sorted.Length / 2], high,
            [.. counts.Select((c, b) => new HistogramBin(low + b * width, low + (b + 1) * width, c))],
            [.. Enumerable.Range(0, residuals.Length / step).Select(i => new ResidualPoint(outputs[i * step], truth[i * step]))]);
    }
}

public sealed record HistogramBin(double Low, double High, int Count);

public sealed record ResidualPoint(double Predicted, double Actual);

/// <param name="Coverage">Share of new rows that lie within, when they are like the validated ones.</param>
public sealed record ConformalQuantile(double Coverage, double Value)
{
    private static readonly double[] Coverages = [0.5, 0.8, 0.9, 0.95, 0.99];

    /// <summary>The ⌈(n + 1) · coverage⌉-th smallest; a coverage that so few rows cannot promise is left out.</summary>
    internal static IReadOnlyList<ConformalQuantile> Of(double[] scores)
    {
        Array.Sort(scores);
        return
        [
            .. Coverages.Select(c => (Coverage: c, Rank: (int)Math.Ceiling((scores.Length + 1) * c))).Where(c => c.Rank <= scores.Length)
                .Select(c => new ConformalQuantile(c.Coverage, scores[c.Rank - 1])),
        ];
    }
}

/// <param name="Matrix">Rows are actual, columns predicted classes.</param>
public sealed record ConfusionCounts(string[] Labels, int[][] Matrix);

public sealed record RocPoints(double[] Fpr, double[] Tpr);

public sealed record PrPoints(double[] Precision, double[] Recall, double[] Thresholds);

public sealed record ImportanceShare(string Variable, double Percentage, double ScaledImportance);

public sealed record ScoringStep(DateTimeOffset Timestamp, int Step, double TrainingLoss, double ValidationLoss);

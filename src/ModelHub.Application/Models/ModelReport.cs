namespace ModelHub.Application.Models;

/// <summary>What is kept of a model's evaluation, as it is shown.</summary>
public sealed record ModelReport
{
    public ConfusionCounts? ConfusionMatrix { get; init; }

    public RocPoints? RocCurve { get; init; }

    public PrPoints? PrCurve { get; init; }

    public IReadOnlyList<ImportanceShare> VariableImportance { get; init; } = [];

    public IReadOnlyList<ScoringStep> ScoringHistory { get; init; } = [];
}

/// <param name="Matrix">Rows are actual, columns predicted classes.</param>
public sealed record ConfusionCounts(string[] Labels, int[][] Matrix);

public sealed record RocPoints(double[] Fpr, double[] Tpr);

public sealed record PrPoints(double[] Precision, double[] Recall, double[] Thresholds);

public sealed record ImportanceShare(string Variable, double Percentage, double ScaledImportance);

public sealed record ScoringStep(DateTimeOffset Timestamp, int Step, double TrainingLoss, double ValidationLoss);

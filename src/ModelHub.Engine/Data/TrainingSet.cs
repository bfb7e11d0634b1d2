namespace ModelHub.Engine.Data;

/// <summary>
/// Features with labels: the class (0-based) of a classification, the value of a regression. <see cref="Rows"/> selects the rows that
/// are learned from, so that the folds of a cross-validation share one matrix (and its bins).
/// </summary>
public sealed class TrainingSet
{
    public TrainingSet(FeatureMatrix features, double[] labels, TaskKind task, int classCount, double[]? weights = null, int[]? rows = null)
    {
        if (labels.Length != features.RowCount)
            throw new EngineException($"There are {labels.Length} labels for {features.RowCount} rows.");
        if (weights is not null && weights.Length != features.RowCount)
            throw new EngineException($"There are {weights.Length} weights for {features.RowCount} rows.");
        Features = features;
        Labels = labels;
        Task = task;
        ClassCount = classCount;
        Weights = weights;
        Rows = rows;
    }

    public FeatureMatrix Features { get; }

    public double[] Labels { get; }

    public TaskKind Task { get; }

    /// <summary>2 for binary, the number of classes for multiclass, 0 for regression.</summary>
    public int ClassCount { get; }

    public double[]? Weights { get; }

    /// <summary>Ascending rows to learn from; null means all.</summary>
    public int[]? Rows { get; }

    public int Count => Rows?.Length ?? Features.RowCount;

    /// <summary>Raw scores per row: one per class for multiclass, else one.</summary>
    public int OutputCount => Task == TaskKind.Multiclass ? ClassCount : 1;

    /// <summary>The same features and labels with other rows to learn from.</summary>
    public TrainingSet With(int[] rows) => new(Features, Labels, Task, ClassCount, Weights, rows);
}

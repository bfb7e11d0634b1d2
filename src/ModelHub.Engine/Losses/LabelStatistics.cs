using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Losses;

/// <summary>Weighted statistics of the labels of rows, in the order of the rows.</summary>
internal static class LabelStatistics
{
    /// <summary>Refuses labels, weights and rows that nothing can be learned from.</summary>
    public static void Check(TrainingSet set, ReadOnlySpan<int> rows)
    {
        if (rows.Length == 0)
            throw new EngineException("There are no rows to learn from.");
        if (set.Features.FeatureCount == 0)
            throw new EngineException("There are no features to learn from.");
        if (set.Task == TaskKind.Multiclass && set.ClassCount < 2)
            throw new EngineException($"A multiclass model needs 2 or more classes, there is {set.ClassCount}.");
        var classes = set.Task switch { TaskKind.Binary => 2, TaskKind.Multiclass => set.ClassCount, TaskKind.Regression => 0 };
        var total = 0.0;
        foreach (var row in rows)
        {
            if ((uint)row >= (uint)set.Features.RowCount)
                throw new EngineException($"Row {row} does not exist; there are {set.Features.RowCount}.");
            var label = set.Labels[row];
            if (!double.IsFinite(label) || Math.Abs(label) > 1e30)
                throw new EngineException($"The label of row {row} is {label}; labels must be finite numbers.");
            if (classes > 0 && (label != Math.Floor(label) || label < 0 || label >= classes))
                throw new EngineException($"The label of row {row} is {label}; classes are 0 to {classes - 1}.");
            var weight = set.Weights is null ? 1 : set.Weights[row];
            if (!double.IsFinite(weight) || weight < 0)
                throw new EngineException($"The weight of row {row} is {weight}; weights must be finite and not negative.");
            total += weight;
        }
        if (!(total > 0))
            throw new EngineException("All weights are 0; there is nothing to learn from.");
    }

    public static double Mean(TrainingSet set, ReadOnlySpan<int> rows)
    {
        double sum = 0, total = 0;
        foreach (var row in rows)
        {
            var weight = set.Weights is null ? 1 : set.Weights[row];
            sum += weight * set.Labels[row];
            total += weight;
        }
        return sum / total;
    }

    /// <summary>Log of the mean, after refusing labels that a count or an amount cannot have.</summary>
    public static double LogMean(TrainingSet set, ReadOnlySpan<int> rows, string loss, bool zero)
    {
        foreach (var row in rows)
        {
            if (set.Labels[row] < 0 || !zero && set.Labels[row] == 0)
                throw new EngineException($"The label of row {row} is {set.Labels[row]}; {loss} needs {(zero ? "0 or more" : "more than 0")}.");
        }
        var mean = Mean(set, rows);
        return mean > 0 ? Elementary.Log(mean) : throw new EngineException($"All labels are 0; {loss} needs a mean above 0.");
    }

    public static double Quantile(TrainingSet set, ReadOnlySpan<int> rows, double alpha)
    {
        var values = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            values[i] = set.Labels[rows[i]];
        return Quantile(values, set.Weights, rows, alpha);
    }

    /// <summary>The lowest value with at least a share of the weight at or below it; the middle of two when the share is met exactly.</summary>
    public static double Quantile(double[] values, double[]? weights, ReadOnlySpan<int> rows, double alpha)
    {
        var mass = new double[values.Length];
        var total = 0.0;
        for (var i = 0; i < mass.Length; i++)
            total += mass[i] = weights is null ? 1 : weights[rows[i]];
        Array.Sort(values, mass);
        var target = alpha * total;
        var sum = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            sum += mass[i];
            if (sum > target)
                return values[i];
            if (sum == target && i + 1 < values.Length)
                return (values[i] + values[i + 1]) / 2;
        }
        return values[^1];
    }
}

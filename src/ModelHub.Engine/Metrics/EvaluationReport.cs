using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Metrics;

public sealed record ConfusionMatrix(IReadOnlyList<string> Labels, int[][] Matrix);

public sealed record RocCurve(double[] Fpr, double[] Tpr);

public sealed record PrCurve(double[] Precision, double[] Recall, double[] Thresholds);

/// <summary>All metrics of a set of predictions. Numbers that a task does not have are absent.</summary>
public sealed record EvaluationReport
{
    /// <summary>Scalars by name: auc, logloss, accuracy, micro_/macro_ precision, recall and f1; or mse, rmse, mae, r2.</summary>
    public required Dictionary<string, double> Metrics { get; init; }

    /// <summary>Rows are actual, columns predicted classes.</summary>
    public ConfusionMatrix? ConfusionMatrix { get; init; }

    public RocCurve? RocCurve { get; init; }

    public PrCurve? PrCurve { get; init; }

    /// <summary>Rows that had a label.</summary>
    public int Count { get; init; }

    /// <param name="outputs">Rows × classes probabilities (binary: 2 columns), or one value per row.</param>
    /// <param name="labels">Class or value per row; NaN rows are left out.</param>
    public static EvaluationReport Of(TaskKind task, IReadOnlyList<string> classes, double[] outputs, double[] labels, double threshold = 0.5)
    {
        var width = task == TaskKind.Regression ? 1 : classes.Count;
        var rows = Enumerable.Range(0, labels.Length).Where(r => !double.IsNaN(labels[r])).ToArray();
        if (rows.Length == 0)
            throw new EngineException("No row has a label.");
        return task == TaskKind.Regression
            ? new EvaluationReport { Count = rows.Length, Metrics = OfValues(outputs, labels, rows) }
            : OfClasses(task, classes, outputs, labels, rows, width, threshold);
    }

    /// <summary>Only the scalars, of some rows, which may repeat; for the parameters see <see cref="Of"/>.</summary>
    internal static Dictionary<string, double> Scalars(
        TaskKind task, IReadOnlyList<string> classes, double[] outputs, double[] labels, int[] rows, double threshold)
        => task == TaskKind.Regression
            ? OfValues(outputs, labels, rows)
            : Scalars(task, outputs, labels, rows, classes.Count, threshold, out _);

    /// <summary>The class with the highest probability; of a binary one, the positive when it exceeds the threshold.</summary>
    public static int Decide(ReadOnlySpan<double> probabilities, double threshold) =>
        probabilities.Length == 2 ? probabilities[1] > threshold ? 1 : 0 : Likeliest(probabilities);

    /// <summary>The class with the highest probability, the first of equals.</summary>
    public static int Likeliest(ReadOnlySpan<double> probabilities)
    {
        var best = 0;
        for (var k = 1; k < probabilities.Length; k++)
        {
            if (probabilities[k] > probabilities[best])
                best = k;
        }
        return best;
    }

    private static Dictionary<string, double> OfValues(double[] outputs, double[] labels, int[] rows)
    {
        var mean = rows.Sum(r => labels[r]) / rows.Length;
        double squares = 0, absolute = 0, total = 0;
        foreach (var r in rows)
        {
            var error = outputs[r] - labels[r];
            squares += error * error;
            absolute += Math.Abs(error);
            total += (labels[r] - mean) * (labels[r] - mean);
        }
        var mse = squares / rows.Length;
        return new(StringComparer.Ordinal)
        {
            ["rmse"] = Math.Sqrt(mse), ["mse"] = mse, ["mae"] = absolute / rows.Length, ["r2"] = total == 0 ? 0 : 1 - squares / total,
        };
    }

    private static EvaluationReport OfClasses(
        TaskKind task, IReadOnlyList<string> classes, double[] outputs, double[] labels, int[] rows, int width, double threshold)
    {
        var metrics = Scalars(task, outputs, labels, rows, width, threshold, out var matrix);
        var report = new EvaluationReport
        {
            Count = rows.Length, Metrics = metrics, ConfusionMatrix = new ConfusionMatrix(classes, matrix),
        };
        if (task != TaskKind.Binary)
            return report;
        double[] scores = [.. rows.Select(r => outputs[r * 2 + 1])];
        bool[] positive = [.. rows.Select(r => labels[r] > 0.5)];
        var (fpr, tpr) = Ranking.Roc(scores, positive);
        var (precision, recall, thresholds) = Ranking.PrecisionRecall(scores, positive);
        return report with { RocCurve = new RocCurve(fpr, tpr), PrCurve = new PrCurve(precision, recall, thresholds) };
    }

    private static Dictionary<string, double> Scalars(
        TaskKind task, double[] outputs, double[] labels, int[] rows, int width, double threshold, out int[][] matrix)
    {
        matrix = Enumerable.Range(0, width).Select(_ => new int[width]).ToArray();
        var loss = 0.0;
        foreach (var r in rows)
        {
            var probabilities = outputs.AsSpan(r * width, width);
            matrix[(int)labels[r]][Decide(probabilities, threshold)]++;
            loss -= Elementary.Log(Math.Clamp(probabilities[(int)labels[r]], 1e-15, 1 - 1e-15));
        }
        var metrics = FromConfusion(matrix);
        metrics["logloss"] = loss / rows.Length;
        var aucs = new List<double>();
        for (var k = task == TaskKind.Binary ? 1 : 0; k < width; k++)
        {
            var auc = Ranking.Auc([.. rows.Select(r => outputs[r * width + k])], [.. rows.Select(r => (int)labels[r] == k)]);
            if (!double.IsNaN(auc))
                aucs.Add(auc);
        }
        if (aucs.Count > 0)
            metrics["auc"] = aucs.Average();
        return metrics;
    }

    /// <summary>
    /// Averages over the classes that occur, as labels or predictions. With one label per row, micro precision, recall and F1 all are the accuracy.
    /// </summary>
    private static Dictionary<string, double> FromConfusion(int[][] matrix)
    {
        var width = matrix.Length;
        var all = matrix.Sum(row => (double)row.Sum());
        double hits = 0, precisions = 0, recalls = 0, f1s = 0;
        var present = 0;
        for (var k = 0; k < width; k++)
        {
            double hit = matrix[k][k], actual = matrix[k].Sum(), predicted = matrix.Sum(row => row[k]);
            hits += hit;
            if (actual == 0 && predicted == 0)
                continue;
            present++;
            var precision = predicted == 0 ? 0 : hit / predicted;
            var recall = actual == 0 ? 0 : hit / actual;
            precisions += precision;
            recalls += recall;
            f1s += precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
        }
        var accuracy = hits / all;
        return new(StringComparer.Ordinal)
        {
            ["accuracy"] = accuracy, ["micro_precision"] = accuracy, ["micro_recall"] = accuracy, ["micro_f1"] = accuracy,
            ["macro_precision"] = precisions / present, ["macro_recall"] = recalls / present, ["macro_f1"] = f1s / present,
        };
    }
}

using ModelHub.Engine.Data;

namespace ModelHub.Engine.Metrics;

/// <summary>Which metrics there are and whether less is better.</summary>
public static class MetricDirection
{
    private static readonly HashSet<string> OfValues = new(StringComparer.Ordinal) { "rmse", "mse", "mae", "r2" };
    private static readonly HashSet<string> OfClasses = new(StringComparer.Ordinal)
    {
        "auc", "logloss", "accuracy", "micro_precision", "micro_recall", "micro_f1", "macro_precision", "macro_recall", "macro_f1",
    };

    public static bool IsLoss(string metric) => metric is "logloss" or "rmse" or "mse" or "mae";

    public static bool IsKnown(string metric, TaskKind task) => (task == TaskKind.Regression ? OfValues : OfClasses).Contains(metric);
}

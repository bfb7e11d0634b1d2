using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <param name="Steps">Trees at most, times the scores per row; passes over the data for a linear model.</param>
public sealed record PlannedTrial(string Algorithm, int Steps);

/// <summary>What a search would try, told without the data.</summary>
public static class SearchPlan
{
    private const int LinearPasses = 50;

    /// <summary>The configurations that every search begins with; one without a bound goes on from there while its time lasts.</summary>
    public static IReadOnlyList<PlannedTrial> Trials(SearchMode mode, TaskKind task, int rows, int classes, int? maxModels) =>
    [
        .. Portfolio.For(mode, task, rows).Take(maxModels ?? int.MaxValue).Select(learner => new PlannedTrial(
            learner.Algorithm, (learner.Parameters.TryGetValue("ntrees", out var trees) ? Convert.ToInt32(trees.Actual, null) : LinearPasses)
                * (task == TaskKind.Multiclass ? Math.Max(1, classes) : 1))),
    ];

    /// <summary>The time that a search keeps; null for one that is bounded by trials alone.</summary>
    public static TimeSpan? Budget(SearchMode mode, int? maxModels, TimeSpan? maxRuntime) =>
        new AutoMlOptions { Target = "", Mode = mode, MaxModels = maxModels, MaxRuntime = maxRuntime }.Budget;

    /// <summary>The metric that orders a leaderboard unless another is asked for.</summary>
    public static string UsualMetric(TaskKind task) => task switch { TaskKind.Binary => "auc", TaskKind.Multiclass => "logloss", TaskKind.Regression => "rmse" };
}

using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <param name="Steps">What it costs, in trees of usual size per row and feature.</param>
public sealed record PlannedTrial(string Algorithm, double Steps);

/// <summary>What a search would try, told without the data.</summary>
/// <param name="Portfolio">The configurations that it begins with.</param>
/// <param name="Tuned">Trials at most that are proposed after them, by what was learned from these.</param>
public sealed record SearchPlan(IReadOnlyList<PlannedTrial> Portfolio, int Tuned)
{
    private const int LinearPasses = 50;

    /// <summary>Trees of a forest grow deep.</summary>
    private const double DeepTree = 3;

    /// <summary>Boosting ends when the held rows stop gaining: after so many steps of rate one, as a rule.</summary>
    private const double BoostedDistance = 12;

    /// <summary>Steps that all trials may come to.</summary>
    public double Steps => Portfolio.Sum(t => t.Steps) + Tuned * (Portfolio.Count == 0 ? 0 : Portfolio.Average(t => t.Steps));

    public int Trials => Portfolio.Count + Tuned;

    /// <param name="rows">That a fold learns from.</param>
    /// <param name="classes">0 for a regression.</param>
    public static SearchPlan Of(SearchMode mode, TaskKind task, int rows, int features, int classes, int? maxModels, bool hasTime)
    {
        var outputs = task == TaskKind.Multiclass ? Math.Max(2, classes) : 1;
        var most = maxModels ?? Search.Portfolio.TrialsFor(mode, hasTime);
        PlannedTrial[] portfolio =
        [
            .. new Portfolio(task, Math.Max(1, rows), Math.Max(1, features), outputs).Of(mode).Take(most)
                .Select(c => new PlannedTrial(c.Learner.Algorithm, StepsOf(c.Learner.Parameters, outputs))),
        ];
        return new SearchPlan(portfolio, mode == SearchMode.HighSpeed ? 0 : most - portfolio.Length);
    }

    /// <summary>The time that a search keeps; null for one that is bounded by trials alone.</summary>
    public static TimeSpan? Budget(SearchMode mode, int? maxModels, TimeSpan? maxRuntime) =>
        new AutoMlOptions { Target = "", Mode = mode, MaxModels = maxModels, MaxRuntime = maxRuntime }.Budget;

    /// <summary>The metric that orders a leaderboard unless another is asked for.</summary>
    public static string UsualMetric(TaskKind task) => task switch { TaskKind.Binary => "auc", TaskKind.Multiclass => "logloss", TaskKind.Regression => "rmse" };

    private static double StepsOf(IReadOnlyDictionary<string, HyperParameter> parameters, int outputs)
    {
        double? Value(string name) => parameters.TryGetValue(name, out var own) ? Convert.ToDouble(own.Actual, System.Globalization.CultureInfo.InvariantCulture) : null;
        if (Value("epochs") is { } epochs) // two multiplications forward, four back: about a histogram's cost each
            return epochs * (Value("hidden") ?? 64);
        if (Value("ntrees") is not { } trees)
            return LinearPasses * outputs;
        return Value("learn_rate") is { } rate ? Math.Min(trees, BoostedDistance / rate) * outputs : trees * DeepTree;
    }
}

using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <param name="Seconds">Of one processor, per fold.</param>
/// <param name="ModelBytes">What the model of a fold takes in memory.</param>
public sealed record PlannedTrial(string Algorithm, double Seconds, long ModelBytes);

/// <summary>What a search would try, told without the data.</summary>
/// <param name="Portfolio">The configurations that it begins with.</param>
/// <param name="Tuned">Trials at most that are proposed after them, by what was learned from these.</param>
/// <param name="SecondLevel">What would learn from their scores.</param>
public sealed record SearchPlan(IReadOnlyList<PlannedTrial> Portfolio, int Tuned, IReadOnlyList<PlannedTrial> SecondLevel)
{
    /// <summary>Figures, calibration and storing of a model after its folds, or of an ensemble, which takes about as long.</summary>
    private const double SecondsPerModel = 0.35;

    /// <summary>What learns from the scores of others has soon no more to gain.</summary>
    private const double SecondLevelShare = 0.25;

    public int Trials => Portfolio.Count + Tuned;

    /// <summary>Seconds of one processor that all trials and ensembles may come to.</summary>
    public double Seconds(int folds)
    {
        var tuned = Portfolio.Count == 0 ? 0 : Tuned * Portfolio.Average(t => t.Seconds);
        var trials = Portfolio.Sum(t => t.Seconds) + tuned + SecondLevelShare * SecondLevel.Sum(t => t.Seconds);
        return folds * trials + SecondsPerModel * (Trials + (Trials > 1 ? 1 : 0) + (SecondLevel.Count > 0 ? 1 : 0));
    }

    /// <summary>What the models weigh that there is time for, which come in their order; tuned ones take the places of others.</summary>
    /// <param name="seconds">Of one processor.</param>
    public long ModelBytes(int folds, double seconds)
    {
        var bytes = 0L;
        foreach (var trial in Portfolio)
        {
            seconds -= folds * trial.Seconds + SecondsPerModel;
            if (seconds < 0)
                break;
            bytes += folds * trial.ModelBytes;
        }
        return bytes;
    }

    /// <param name="rows">All that have labels; every fold learns from the others', one alone from all.</param>
    /// <param name="classes">0 for a regression.</param>
    public static SearchPlan Of(SearchMode mode, TaskKind task, long rows, int folds, int features, int classes, int? maxModels, bool hasTime)
    {
        var learned = (int)Math.Clamp(folds == 1 ? rows : rows - rows / folds, 1, int.MaxValue);
        features = Math.Max(1, features);
        var outputs = task == TaskKind.Multiclass ? Math.Max(2, classes) : 1;
        var most = maxModels ?? Search.Portfolio.TrialsFor(mode, hasTime);
        PlannedTrial[] Planned(IEnumerable<Configuration> configurations, int width)
        {
            var cost = new TrialCost(task, learned, width, classes);
            return [.. configurations.Select(c => new PlannedTrial(c.Learner.Algorithm, cost.SecondsOf(c.Learner), cost.BytesOf(c.Learner)))];
        }
        var known = new Portfolio(task, learned, features, outputs);
        var portfolio = Planned(known.Of(mode).Take(most), features);
        // A blend of two is rare: one of them is mostly better in all.
        var climbs = most > 2 && folds > 1 && Search.SecondLevel.IsFor(mode, rows, outputs);
        return new SearchPlan(
            portfolio, mode == SearchMode.HighSpeed ? 0 : most - portfolio.Length,
            climbs ? Planned(known.OfSecondLevel(mode), features + outputs * Math.Min(most, Search.SecondLevel.MostMembers(outputs))) : []);
    }

    /// <summary>The time that a search keeps; null for one that is bounded by trials alone.</summary>
    public static TimeSpan? Budget(SearchMode mode, int? maxModels, TimeSpan? maxRuntime) =>
        new AutoMlOptions { Target = "", Mode = mode, MaxModels = maxModels, MaxRuntime = maxRuntime }.Budget;

    /// <summary>The metric that orders a leaderboard unless another is asked for.</summary>
    public static string UsualMetric(TaskKind task) => task switch { TaskKind.Binary => "auc", TaskKind.Multiclass => "logloss", TaskKind.Regression => "rmse" };
}

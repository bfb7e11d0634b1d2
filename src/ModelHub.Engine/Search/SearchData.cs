using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>A table made ready for trials: features, labels and folds, read by all of them.</summary>
internal sealed class SearchData
{
    /// <summary>Below so many cells a fold fills a thread; above, all threads work on one fold.</summary>
    private const long CellsOfAThread = 400_000;
    private readonly Lazy<TargetStatistics?>[] _statistics;

    public SearchData(Table table, AutoMlOptions options)
    {
        Target = options.Target;
        Labels = Labels.Of(table, options.Target, options.IsRegression);
        string?[] ofFolds = [options.FoldColumn, options.GroupColumn];
        (Plan, Dropped) = FeaturePlan.Learn(
            table, options.Target, options.Categorical, options.Ignored.Concat(ofFolds.OfType<string>()).ToHashSet(StringComparer.Ordinal));
        var features = Plan.Apply(table);
        var labels = Labels.Values;
        if (options.Validation is { } validation)
        {
            var others = Labels.Of(validation, options.Target, Labels.Task, Labels.Classes);
            features = Stack(features, Plan.Apply(validation));
            Folds = [new Fold(Labelled(labels, 0), Labelled(others, labels.Length))];
            labels = [.. labels, .. others];
            if (Folds[0].Held.Length == 0)
                throw new EngineException($"The validation rows have no label in column '{options.Target}'.");
        }
        else
        {
            Folds = Fold.Of(table, labels, Labels.Task, options, features.FeatureCount);
        }
        Held = [.. Folds.SelectMany(f => f.Held)];
        Set = new TrainingSet(features, labels, Labels.Task, Labels.Classes.Count);
        Truth = [.. Held.Select(r => Set.Labels[r])];
        Metric = options.Metric ?? (Labels.Task switch { TaskKind.Binary => "auc", TaskKind.Multiclass => "logloss", TaskKind.Regression => "rmse" });
        if (!MetricDirection.IsKnown(Metric, Labels.Task))
            throw new EngineException($"'{Metric}' is no metric of a {Labels.Task.ToString().ToLowerInvariant()} task.");
        var start = Loss().Start(Set, Folds[0].Train);
        NullLoss = MeanLoss([.. Folds[0].Held.SelectMany(_ => start)], [.. Folds[0].Held.Select(r => Set.Labels[r])]);
        _statistics = new Lazy<TargetStatistics?>[Folds.Length];
        for (var k = 0; k < Folds.Length; k++)
        {
            var train = Folds[k].Train;
            var seed = SeededRandom.Derive(options.Seed, 0x7A5 + (ulong)k);
            _statistics[k] = new Lazy<TargetStatistics?>(() => TargetStatistics.Of(Set, train, seed));
        }
        IsSmall = (long)Set.Count * Set.Features.FeatureCount * Set.OutputCount < CellsOfAThread;
    }

    public string Target { get; }

    public Labels Labels { get; }

    public FeaturePlan Plan { get; }

    public List<DroppedColumn> Dropped { get; }

    public TrainingSet Set { get; }

    public Fold[] Folds { get; }

    /// <summary>The held rows of all folds, fold after fold.</summary>
    public int[] Held { get; }

    /// <summary>Labels of <see cref="Held"/>.</summary>
    public double[] Truth { get; }

    /// <summary>Orders the leaderboard.</summary>
    public string Metric { get; }

    /// <summary>Loss on the first fold of the best scores without any feature.</summary>
    public double NullLoss { get; }

    /// <summary>A fold per thread, instead of all threads in one fold.</summary>
    public bool IsSmall { get; }

    public TaskKind Task => Labels.Task;

    public bool IsRegression => Task == TaskKind.Regression;

    /// <summary>What trees learn from in a fold besides the features: statistics of its training rows' labels; null when there are none.</summary>
    public TargetStatistics? Statistics(int fold) => _statistics[fold].Value;

    public ILoss Loss() => Task switch
    {
        TaskKind.Binary => new LogisticLoss(),
        TaskKind.Multiclass => new SoftmaxLoss(Labels.Classes.Count),
        TaskKind.Regression => new SquaredLoss(),
    };

    /// <summary>The mean smooth loss of raw scores, rows × outputs.</summary>
    public double MeanLoss(ReadOnlySpan<double> scores, ReadOnlySpan<double> truth)
    {
        var loss = Loss();
        var width = Set.OutputCount;
        var sum = 0.0;
        for (var i = 0; i < truth.Length; i++)
            sum += loss.Value(scores.Slice(i * width, width), truth[i]);
        return sum / truth.Length;
    }

    private static int[] Labelled(double[] labels, int offset) =>
        [.. Enumerable.Range(0, labels.Length).Where(r => !double.IsNaN(labels[r])).Select(r => r + offset)];

    private static FeatureMatrix Stack(FeatureMatrix above, FeatureMatrix below)
    {
        var columns = new float[above.FeatureCount][];
        for (var f = 0; f < columns.Length; f++)
        {
            columns[f] = new float[above.RowCount + below.RowCount];
            for (var r = 0; r < columns[f].Length; r++)
                columns[f][r] = r < above.RowCount ? above[r, f] : below[r - above.RowCount, f];
        }
        return new FeatureMatrix(above.Features, columns, above.RowCount + below.RowCount);
    }
}

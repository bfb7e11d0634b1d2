using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
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
    private readonly ulong _seed;

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
        Metric = options.Metric ?? SearchPlan.UsualMetric(Labels.Task);
        if (!MetricDirection.IsKnown(Metric, Labels.Task))
            throw new EngineException($"'{Metric}' is no metric of a {Labels.Task.ToString().ToLowerInvariant()} task.");
        var start = Loss().Start(Set, Folds[0].Train);
        NullLoss = MeanLoss([.. Folds[0].Held.SelectMany(_ => start)], [.. Folds[0].Held.Select(r => Set.Labels[r])]);
        _seed = options.Seed;
        _statistics = StatisticsOfFolds();
    }

    private SearchData(SearchData first, TrainingSet set)
    {
        (Target, Labels, Plan, Dropped, Folds, Held, Truth, Metric, NullLoss, _seed) =
            (first.Target, first.Labels, first.Plan, first.Dropped, first.Folds, first.Held, first.Truth, first.Metric, first.NullLoss, first._seed);
        Set = set;
        _statistics = StatisticsOfFolds();
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
    public bool IsSmall => (long)Set.Count * Set.Features.FeatureCount * Set.OutputCount < CellsOfAThread;

    /// <summary>Whether every row that is learned from is held back once, so that it has scores of models which had not seen it.</summary>
    public bool IsScoredThroughout => Folds.Length > 1 && Folds.All(f => f.Train.Length + f.Held.Length == Held.Length);

    public TaskKind Task => Labels.Task;

    public bool IsRegression => Task == TaskKind.Regression;

    /// <summary>What trees learn from in a fold besides the features: statistics of its training rows' labels; null when there are none.</summary>
    public TargetStatistics? Statistics(int fold) => _statistics[fold].Value;

    /// <summary>The same rows and folds for a second level: the scores of models stand behind the features.</summary>
    /// <param name="members">Raw scores of <see cref="Held"/>, rows × outputs, by the name of who gave them.</param>
    public SearchData With(IReadOnlyList<(string Name, double[] Scores)> members)
    {
        var (features, width) = (Set.Features, Set.OutputCount);
        var all = features.Features.ToList();
        var dense = Enumerable.Range(0, features.FeatureCount).Select(features.Dense).ToList();
        var sparse = Enumerable.Range(0, features.FeatureCount).Select(features.Sparse).ToList();
        foreach (var (name, scores) in members)
        {
            for (var o = 0; o < width; o++)
            {
                var column = new float[features.RowCount];
                Array.Fill(column, float.NaN);
                for (var i = 0; i < Held.Length; i++)
                    column[Held[i]] = StackedModel.AsFeature(scores[i * width + o]);
                all.Add(new Feature($"{name}|{o}", name, 0));
                dense.Add(column);
                sparse.Add(null);
            }
        }
        return new SearchData(this, new TrainingSet(new FeatureMatrix(all, [.. dense], [.. sparse], features.RowCount), Set.Labels, Set.Task, Set.ClassCount));
    }

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

    private Lazy<TargetStatistics?>[] StatisticsOfFolds() =>
        [.. Folds.Select((fold, k) => new Lazy<TargetStatistics?>(() => TargetStatistics.Of(Set, fold.Train, SeededRandom.Derive(_seed, 0x7A5 + (ulong)k))))];

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

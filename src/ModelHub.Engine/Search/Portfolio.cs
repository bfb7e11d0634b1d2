using ModelHub.Engine.Data;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>Configurations known to be good, the surest and most different first; and the spaces that they are tuned in.</summary>
internal sealed class Portfolio
{
    private const int MostRowsOfForests = 100_000;
    private const int FewRows = 3000;
    private const int MostOutputsOfLinearStacks = 4;
    private const int MostFeaturesOfNetworks = 300;

    /// <summary>With more features than these all rows are about equally far (Beyer et al. 1999); with more cells a row takes too long.</summary>
    private const int MostFeaturesOfNeighbours = 64;
    private const long MostCellsOfNeighbours = 400_000;
    private readonly int _rows;
    private readonly int _outputs;
    private readonly bool _hasNetworks;
    private readonly bool _hasNeighbours;
    private readonly SearchSpace _boosting;
    private readonly SearchSpace _forest;
    private readonly SearchSpace _extra;
    private readonly SearchSpace _network;
    private readonly double _nodeShare;

    /// <param name="rows">Rows that a fold learns from.</param>
    public Portfolio(TaskKind task, int rows, int features, int outputs)
    {
        (_rows, _outputs, _hasNetworks) = (rows, outputs, features <= MostFeaturesOfNetworks);
        _hasNeighbours = features <= MostFeaturesOfNeighbours && (long)rows * features <= MostCellsOfNeighbours;
        _boosting = new SearchSpace(
            "GBM",
            [
                new("max_leaves", 4, rows < FewRows ? 64 : 255, true), new("min_rows", 1, rows < FewRows ? 64 : 200, true),
                new("learn_rate", 0.015, 0.3, true), new("reg_lambda", 1e-3, 100, true), new("col_sample_rate_per_tree", 0.25, 1, false),
                new("sample_rate", 0.5, 1, false),
            ],
            value => new GradientBoostedTrees(new BoostingOptions
            {
                MaxLeaves = (int)Math.Round(value("max_leaves")), MinRows = (int)Math.Round(value("min_rows")), LearnRate = Short(value("learn_rate")),
                L2 = Short(value("reg_lambda")), ColumnSampleRatePerTree = Short(value("col_sample_rate_per_tree")), SampleRate = Short(value("sample_rate")),
                Trees = 2000, EarlyStoppingRounds = 20 + (int)(1 / value("learn_rate")),
            }));
        Dimension[] ofForests =
        [
            new("col_sample_rate_per_node", Math.Min(0.9, Math.Max(0.05, 1.0 / features)), 1, true), new("min_rows", 1, 12, true),
        ];
        ForestOptions Forest(Func<string, double> value) => new()
        {
            // Depth and least rows bound what a forest weighs and what its exact contributions cost.
            Trees = 50, MaxDepth = rows < 10_000 ? 20 : 16, ColumnSampleRatePerNode = Short(value("col_sample_rate_per_node")),
            MinRows = Math.Max((int)Math.Round(value("min_rows")), rows / 8000),
        };
        _forest = new SearchSpace("DRF", ofForests, value => new RandomForest(Forest(value)));
        _extra = new SearchSpace("XRT", ofForests, value => new ExtraTrees(Forest(value) with { SampleRate = 1 }));
        _network = new SearchSpace(
            "DeepLearning",
            [new("hidden", 32, 256, true), new("learn_rate", 3e-4, 0.01, true), new("dropout", 0, 0.5, false), new("weight_decay", 1e-3, 1, true)],
            value => new NeuralNetwork(new NetworkOptions
            {
                Hidden = (int)Math.Round(value("hidden")), LearnRate = Short(value("learn_rate")), Dropout = Short(value("dropout")),
                WeightDecay = Short(value("weight_decay")), Epochs = rows < FewRows ? 100 : 60,
            }));
        _nodeShare = task == TaskKind.Regression ? 1 / 3.0 : 1 / Math.Sqrt(features);
    }

    /// <summary>The configurations of a mode, in the order in which they are tried.</summary>
    public IEnumerable<Configuration> Of(SearchMode mode)
    {
        var few = _rows < FewRows;
        // A tree per class and step makes many classes dear: fewer, larger steps.
        var quick = _outputs > 10 ? 0.2 : _outputs > 4 ? 0.12 : few ? 0.05 : 0.08;
        yield return _boosting.With(few ? 12 : 31, few ? 5 : 20, quick, 1, 0.8, 0.8);
        yield return new Configuration(new GeneralizedLinear(new LinearOptions(few ? 0.01 : 1e-3)));
        if (mode == SearchMode.HighSpeed)
            yield break;
        // Large tables gain nothing from forests.
        if (_rows <= MostRowsOfForests)
            yield return _extra.With(Math.Min(1, 1.5 * _nodeShare), few ? 2 : 1);
        // What a network's contributions cost grows with the square of the features.
        if (_hasNetworks)
            yield return _network.With(128, 0.002, 0.1, 0.02);
        yield return _boosting.With(few ? 5 : 63, few ? 10 : 40, quick * 0.7, 5, 0.5, 0.8);
        if (_rows <= MostRowsOfForests)
            yield return _forest.With(_nodeShare, few ? 3 : 1);
        if (_hasNeighbours)
            yield return Neighbours(20);
        yield return _boosting.With(few ? 24 : 15, few ? 3 : 10, quick, 0.5, 0.7, 0.7);
        yield return _boosting.With(few ? 8 : 160, few ? 20 : 60, quick * 0.7, 20, 0.35, 0.9);
        if (_hasNetworks)
            yield return _network.With(64, 0.004, 0.3, 0.2);
        if (mode == SearchMode.Balanced)
            yield break;
        yield return _boosting.With(31, few ? 8 : 20, 0.03, 1, 0.5, 0.7);
        yield return _boosting.With(few ? 6 : 127, few ? 15 : 30, 0.03, 10, 0.4, 0.8);
        if (_rows <= MostRowsOfForests)
            yield return _extra.With(1, few ? 3 : 1);
        if (_hasNetworks)
            yield return _network.With(256, 0.001, 0.2, 0.1);
        yield return new Configuration(new GeneralizedLinear(new LinearOptions(few ? 0.1 : 0.01)));
        if (_hasNeighbours)
            yield return Neighbours(50);
    }

    /// <summary>
    /// What learns from the scores of others beside the columns: little, since they say nearly all. Boosting finds where which is to be trusted, a
    /// linear model weighs them (van der Laan et al. 2007), extra trees do so at random.
    /// </summary>
    public IEnumerable<Configuration> OfSecondLevel(SearchMode mode)
    {
        if (_outputs <= MostOutputsOfLinearStacks)
            yield return new Configuration(new GeneralizedLinear(new LinearOptions(0.01)));
        yield return _boosting.With(8, 20, 0.06, 5, 0.6, 0.8);
        if (mode == SearchMode.HighAccuracy && _rows <= MostRowsOfForests)
            yield return _extra.With(_nodeShare, 8);
    }

    private static Configuration Neighbours(int count) => new(new NearestNeighbours(new NeighbourOptions { Neighbours = count }));

    public static TimeSpan TimeFor(SearchMode mode) => mode switch
    {
        SearchMode.HighSpeed => TimeSpan.FromSeconds(30),
        SearchMode.Balanced => TimeSpan.FromMinutes(2),
        SearchMode.HighAccuracy => TimeSpan.FromMinutes(10),
    };

    /// <summary>Trials at most: without any budget those that a mode is known by, in a given time as many as a leaderboard can bear.</summary>
    public static int TrialsFor(SearchMode mode, bool hasTime) => mode switch
    {
        SearchMode.HighSpeed => 2,
        SearchMode.Balanced => hasTime ? 150 : 10,
        SearchMode.HighAccuracy => hasTime ? 500 : 40,
    };

    /// <summary>Three digits: what is shown is what is used.</summary>
    private static double Short(double value) =>
        double.Parse(value.ToString("G3", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);
}

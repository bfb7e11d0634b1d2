using ModelHub.Engine.Data;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>Configurations known to be good, the surest first.</summary>
internal static class Portfolio
{
    private const int MostRowsOfForests = 100_000;

    /// <param name="mode">Decides how many there are.</param>
    public static IEnumerable<ILearner> For(SearchMode mode, TaskKind task, int rows)
    {
        // A step per class and tree makes many classes dear: fewer, larger steps.
        var few = task == TaskKind.Multiclass;
        var start = new BoostingOptions { MinRows = rows < 2000 ? 5 : 20, LearnRate = few ? 0.1 : 0.07, Trees = mode == SearchMode.HighSpeed ? 200 : 600 };
        yield return new GradientBoostedTrees(start);
        yield return new GeneralizedLinear(new LinearOptions());
        if (mode == SearchMode.HighSpeed)
            yield break;
        yield return new GradientBoostedTrees(start with { MaxLeaves = 15, ColumnSampleRatePerTree = 0.7, SampleRate = 0.8, LearnRate = 0.05, Trees = 1000 });
        yield return new GradientBoostedTrees(start with { MaxLeaves = 64, MinRows = 2 * start.MinRows, ColumnSampleRatePerTree = 0.6, SampleRate = 0.8 });
        yield return new GradientBoostedTrees(start with { MaxLeaves = 8, LearnRate = 0.1, L2 = 5, ColumnSampleRatePerTree = 0.5 });
        // Depth and least rows bound what a forest weighs and what its exact contributions cost; large tables gain nothing from it.
        if (rows <= MostRowsOfForests)
        {
            var forest = new ForestOptions { Trees = 50, MaxDepth = 14, MinRows = Math.Max(2, rows / 2000) };
            yield return new RandomForest(forest);
            yield return new ExtraTrees(forest with { SampleRate = 1, ColumnSampleRatePerNode = 0.5 });
        }
        if (mode == SearchMode.Balanced)
            yield break;
        yield return new GradientBoostedTrees(start with { MaxLeaves = 31, LearnRate = 0.03, Trees = 2000, ColumnSampleRatePerTree = 0.5, SampleRate = 0.7 });
        yield return new GradientBoostedTrees(start with { MaxLeaves = 127, LearnRate = 0.03, Trees = 2000, ColumnSampleRatePerTree = 0.4, SampleRate = 0.8, L2 = 10 });
        yield return new GeneralizedLinear(new LinearOptions(Lambda: 0.1));
    }

    public static TimeSpan TimeFor(SearchMode mode) => mode switch
    {
        SearchMode.HighSpeed => TimeSpan.FromSeconds(30),
        SearchMode.Balanced => TimeSpan.FromMinutes(2),
        SearchMode.HighAccuracy => TimeSpan.FromMinutes(10),
    };
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Tests.Trees;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Explanation;

public sealed class ImportanceTests
{
    [Fact]
    public void Splits_are_counted_and_gains_are_summed_by_column()
    {
        var set = Sets.Make(TaskKind.Binary, 2000, 5);
        var forest = (Forest)new GradientBoostedTrees(new BoostingOptions { Trees = 20 }).Fit(set, new FitContext { Seed = 1, Threads = 2 });
        var counts = new double[set.Features.FeatureCount];
        foreach (var feature in forest.Trees.SelectMany(t => t.Feature).Where(f => f >= 0))
            counts[feature]++;
        var bySplits = VariableImportance.BySplits(forest, set.Features.Features);
        for (var f = 0; f < counts.Length; f++)
            Assert.Equal(counts[f] / counts.Sum(), bySplits.Single(v => v.Variable == set.Features.Features[f].Source).Percentage, 12);
        Assert.Equal(1, VariableImportance.Of(forest, set.Features.Features).Sum(v => v.Percentage), 9);
        Assert.Equal(1, bySplits[0].Scaled);
    }
}

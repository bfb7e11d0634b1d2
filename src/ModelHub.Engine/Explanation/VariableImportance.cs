using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <param name="Variable">An input column.</param>
/// <param name="Percentage">Share of all importance; the shares add up to 1.</param>
/// <param name="Scaled">Share of the most important one's.</param>
public sealed record VariableImportance(string Variable, double Percentage, double Scaled)
{
    /// <summary>
    /// Gain of the splits of trees; absolute standardised weights of linear models, and of networks those of the first layer; of nearest
    /// neighbours how far scores move without a feature; blends and stacks weigh their members' shares. By input column, the most important first.
    /// </summary>
    public static IReadOnlyList<VariableImportance> Of(IModel model, IReadOnlyList<Feature> features)
        => Of(Shares(model, features.Count, (tree, node) => tree.Gain[node]), features);

    /// <summary>The same by how many splits of the trees are on a column, whatever they gain; linear models as in <see cref="Of(IModel, IReadOnlyList{Feature})"/>.</summary>
    public static IReadOnlyList<VariableImportance> BySplits(IModel model, IReadOnlyList<Feature> features)
        => Of(Shares(model, features.Count, (_, _) => 1), features);

    private static List<VariableImportance> Of(double[] shares, IReadOnlyList<Feature> features)
    {
        var bySource = features.Select((f, at) => (f.Source, Share: shares[at])).GroupBy(p => p.Source, StringComparer.Ordinal)
            .Select(g => (g.Key, Share: g.Sum(p => p.Share))).OrderByDescending(p => p.Share).ThenBy(p => p.Key, StringComparer.Ordinal).ToList();
        var top = bySource.Count > 0 ? bySource[0].Share : 0;
        return [.. bySource.Select(p => new VariableImportance(p.Key, p.Share, top > 0 ? p.Share / top : 0))];
    }

    private static double[] Shares(IModel model, int count, Func<Tree, int, double> worth)
    {
        var sums = new double[count];
        switch (model)
        {
            case CompiledForest compiled:
                return Shares(compiled.Forest, count, worth);
            case Forest forest:
                foreach (var tree in forest.Trees)
                {
                    for (var n = 0; n < tree.NodeCount; n++)
                    {
                        if (tree.Feature[n] >= 0)
                            sums[tree.Feature[n]] += worth(tree, n);
                    }
                }
                break;
            case LinearModel linear:
                foreach (var weights in linear.Weights)
                {
                    for (var f = 0; f < count; f++)
                    {
                        for (var k = 0; k < Math.Max(1, linear.Cardinality[f]); k++)
                            sums[f] += Math.Abs(weights[linear.Offset[f] + k]) / Math.Max(1, linear.Cardinality[f]);
                    }
                }
                break;
            case NetworkModel network:
                for (int f = 0, at = 0; f < count; at += network.Width[f], f++)
                {
                    // Weights of the first layer; numbers are scaled, and vectors of categories have about that size too.
                    var hidden = network.Biases[0].Length;
                    for (var i = at * hidden; i < (at + network.Width[f]) * hidden; i++)
                        sums[f] += Math.Abs(network.Weights[0][i]);
                }
                break;
            case NeighbourModel neighbours:
                sums = neighbours.Sensitivity();
                break;
            case StackedModel stack:
                // What the second level makes of a member's score is shared among the columns as the member shares it.
                var second = Shares(stack.Second, stack.Second.FeatureCount, worth);
                for (var m = 0; m < stack.Members.Count; m++)
                {
                    var own = Shares(stack.Members[m], count, worth);
                    var behind = count + m * stack.OutputCount;
                    var weight = stack.Weights[m] + stack.SecondWeight * second[behind..(behind + stack.OutputCount)].Sum();
                    for (var f = 0; f < count; f++)
                        sums[f] += weight * own[f];
                }
                for (var f = 0; f < count; f++)
                    sums[f] += stack.SecondWeight * second[f];
                break;
            case Blend blend:
                for (var m = 0; m < blend.Members.Count; m++)
                {
                    var shares = Shares(blend.Members[m], count, worth);
                    for (var f = 0; f < count; f++)
                        sums[f] += blend.Weights[m] * shares[f];
                }
                break;
        }
        var all = sums.Sum();
        for (var f = 0; all > 0 && f < count; f++)
            sums[f] /= all;
        return sums;
    }
}

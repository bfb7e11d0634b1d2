using System.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Explanation;

/// <summary>Shapley values by their definition, over all subsets of features, with the tree's conditional expectation.</summary>
internal static class BruteForceShap
{
    public static double[] Contributions(Forest forest, float[] row, int output)
    {
        var features = forest.FeatureCount;
        var values = Values(forest, row, output);
        var phi = new double[features + 1];
        for (var f = 0; f < features; f++)
        {
            for (var set = 0; set < 1 << features; set++)
            {
                if ((set >> f & 1) == 0)
                    phi[f] += Weight(BitOperations.PopCount((uint)set), features) * (values[set | 1 << f] - values[set]);
            }
        }
        phi[features] = values[0];
        return phi;
    }

    /// <summary>Half of the Shapley interaction index of two features.</summary>
    public static double Interaction(Forest forest, float[] row, int output, int i, int j)
    {
        var features = forest.FeatureCount;
        var values = Values(forest, row, output);
        var sum = 0.0;
        for (var set = 0; set < 1 << features; set++)
        {
            if ((set >> i & 1) != 0 || (set >> j & 1) != 0)
                continue;
            var change = values[set | 1 << i | 1 << j] - values[set | 1 << i] - values[set | 1 << j] + values[set];
            sum += 0.5 * Weight(BitOperations.PopCount((uint)set), features - 1) * change;
        }
        return sum;
    }

    private static double[] Values(Forest forest, float[] row, int output) => [.. Enumerable.Range(0, 1 << forest.FeatureCount).Select(set =>
        forest.Base[output] + forest.Trees.Where(t => output >= t.Output && output < t.Output + t.Width).Sum(t => Expect(t, 0, row, set, output - t.Output)))];

    private static double Expect(Tree tree, int node, float[] row, int set, int at)
    {
        if (tree.Feature[node] < 0)
            return tree.Value[node * tree.Width + at];
        if ((set >> tree.Feature[node] & 1) != 0)
            return Expect(tree, tree.GoesLeft(node, row[tree.Feature[node]]) ? tree.Left[node] : tree.Right[node], row, set, at);
        var (left, right) = (tree.Cover[tree.Left[node]], tree.Cover[tree.Right[node]]);
        return (left * Expect(tree, tree.Left[node], row, set, at) + right * Expect(tree, tree.Right[node], row, set, at)) / (left + right);
    }

    private static double Weight(int size, int players)
    {
        var weight = 1.0 / players;
        for (var k = 0; k < size; k++)
            weight *= (k + 1.0) / (players - 1 - k);
        return weight;
    }
}

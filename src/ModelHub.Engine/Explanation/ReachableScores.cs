using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>
/// Where the one raw score of a model of trees can go when some features are free and the others stay: sums of each tree's reachable
/// extremes, so an outer bound. Also where its trees split, since between two splits nothing changes.
/// </summary>
public sealed class ReachableScores
{
    private readonly List<(Forest Forest, double Weight)> _forests = [];

    private ReachableScores()
    {
    }

    /// <summary>Null for a model with other parts than trees, or more scores than one.</summary>
    public static ReachableScores? Of(IModel model)
    {
        var found = new ReachableScores();
        return model.OutputCount == 1 && found.Add(model, 1) ? found : null;
    }

    /// <summary>A model's thresholds of a numeric feature, ascending, each once; null when parts of it move smoothly with the feature.</summary>
    public static float[]? Thresholds(IModel model, int feature)
    {
        var forests = new ReachableScores();
        if (!forests.Add(model, 1))
            return null;
        var found = new SortedSet<float>();
        foreach (var tree in forests._forests.SelectMany(f => f.Forest.Trees))
        {
            for (var node = 0; node < tree.NodeCount; node++)
            {
                if (tree.Feature[node] == feature && tree.CategoryOffset[node] < 0)
                    found.Add(tree.Threshold[node]);
            }
        }
        return [.. found];
    }

    /// <summary>Least and largest score of a row whose features <paramref name="first"/> and <paramref name="second"/> may be anything.</summary>
    public (double Least, double Largest) Bounds(ReadOnlySpan<float> row, int first, int second)
    {
        var (least, largest) = (0.0, 0.0);
        foreach (var (forest, weight) in _forests)
        {
            var (low, high) = (forest.Base[0], forest.Base[0]);
            foreach (var tree in forest.Trees)
            {
                var (a, b) = Reach(tree, 0, row, first, second);
                low += a;
                high += b;
            }
            least += weight * (weight < 0 ? high : low);
            largest += weight * (weight < 0 ? low : high);
        }
        return (least, largest);
    }

    private static (float Least, float Largest) Reach(Tree tree, int node, ReadOnlySpan<float> row, int first, int second)
    {
        while (tree.Feature[node] is >= 0 and var feature)
        {
            if (feature == first || feature == second)
            {
                var left = Reach(tree, tree.Left[node], row, first, second);
                var right = Reach(tree, tree.Right[node], row, first, second);
                return (Math.Min(left.Least, right.Least), Math.Max(left.Largest, right.Largest));
            }
            node = tree.GoesLeft(node, row[feature]) ? tree.Left[node] : tree.Right[node];
        }
        return (tree.Value[node], tree.Value[node]);
    }

    private bool Add(IModel model, double weight)
    {
        switch (model)
        {
            case CompiledForest compiled:
                return Add(compiled.Forest, weight);
            case Forest forest:
                _forests.Add((forest, weight));
                return true;
            case Blend blend:
                for (var m = 0; m < blend.Members.Count; m++)
                {
                    if (!Add(blend.Members[m], weight * blend.Weights[m]))
                        return false;
                }
                return true;
            default:
                return false;
        }
    }
}

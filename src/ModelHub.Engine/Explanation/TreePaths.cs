using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>A tree as its leaves' paths, left to right.</summary>
internal sealed class TreePaths
{
    public TreePaths(Tree tree)
    {
        Tree = tree;
        Splits = [.. Enumerable.Range(0, tree.NodeCount).Where(n => tree.Feature[n] >= 0)];
        var mask = new int[tree.NodeCount];
        for (var s = 0; s < Splits.Length; s++)
            mask[Splits[s]] = s;
        Mean = new double[tree.Width];
        var leaves = new List<Leaf>();
        var path = new List<(int Node, bool Left)>();
        Visit(0);
        Leaves = [.. leaves];
        MostPlayers = leaves.Max(l => l.Features.Length);

        void Visit(int node)
        {
            if (tree.Feature[node] < 0)
            {
                var leaf = Leaf.Of(tree, node, path, mask);
                for (var o = 0; o < tree.Width; o++)
                    Mean[o] += leaf.Reach * tree.Value[node * tree.Width + o];
                leaves.Add(leaf);
                return;
            }
            path.Add((node, true));
            Visit(tree.Left[node]);
            path[^1] = (node, false);
            Visit(tree.Right[node]);
            path.RemoveAt(path.Count - 1);
        }
    }

    public Tree Tree { get; }

    /// <summary>Nodes that split, ascending; a step's mask is its place here.</summary>
    public int[] Splits { get; }

    public Leaf[] Leaves { get; }

    public int MostPlayers { get; }

    /// <summary>Expected value of each of the tree's outputs, by cover.</summary>
    public double[] Mean { get; }

    /// <param name="Mask">Which split.</param>
    /// <param name="Player">Which of the leaf's features it tests.</param>
    internal readonly record struct Step(int Mask, int Player, bool Left);

    /// <param name="Features">Distinct features on the path.</param>
    /// <param name="Zeros">Per feature the share of training weight that its splits on the path let pass.</param>
    /// <param name="Steps">The path from the root.</param>
    /// <param name="Reach">Product of all shares.</param>
    internal sealed record Leaf(int Node, int[] Features, double[] Zeros, Step[] Steps, double Reach)
    {
        public static Leaf Of(Tree tree, int node, List<(int Node, bool Left)> path, int[] mask)
        {
            var features = new List<int>();
            var zeros = new List<double>();
            var steps = new List<Step>();
            var reach = 1.0;
            foreach (var (split, left) in path)
            {
                var player = features.IndexOf(tree.Feature[split]);
                if (player < 0)
                {
                    player = features.Count;
                    features.Add(tree.Feature[split]);
                    zeros.Add(1);
                }
                var (yes, no) = (tree.Cover[tree.Left[split]], tree.Cover[tree.Right[split]]);
                var share = yes + no > 0 ? (left ? yes : no) / (yes + no) : 0.5;
                zeros[player] *= share;
                reach *= share;
                steps.Add(new Step(mask[split], player, left));
            }
            return new Leaf(node, [.. features], [.. zeros], [.. steps], reach);
        }
    }
}

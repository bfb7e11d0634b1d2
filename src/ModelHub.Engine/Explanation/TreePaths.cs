using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>
/// A tree as its leaves' paths. For a leaf with few distinct features, the contributions for each of the patterns of agreement are
/// computed once (Fast TreeSHAP v2, Yang 2021), so that a row costs one look-up per leaf.
/// </summary>
internal sealed class TreePaths
{
    /// <summary>Distinct features up to which a leaf may have a table: a pattern fits a byte.</summary>
    private const int MostTabled = 8;

    public TreePaths(Tree tree, ref long room)
    {
        Tree = tree;
        Splits = [.. Enumerable.Range(0, tree.NodeCount).Where(n => tree.Feature[n] >= 0)];
        var mask = new int[tree.NodeCount];
        for (var s = 0; s < Splits.Length; s++)
            mask[Splits[s]] = s;
        Mean = new double[tree.Width];
        var leaves = new List<Leaf>();
        var path = new List<(int Node, bool Left)>();
        var longest = 0;
        Visit(0);
        Leaves = [.. leaves];
        MostPlayers = longest;
        foreach (var leaf in Leaves)
        {
            var size = (1L << Math.Min(30, leaf.Features.Length)) * leaf.Features.Length;
            if (leaf.Features.Length > MostTabled || size > room)
                continue;
            room -= size;
            leaf.Tabled = true;
        }

        void Visit(int node)
        {
            if (tree.Feature[node] < 0)
            {
                var leaf = Leaf.Of(tree, node, path, mask);
                longest = Math.Max(longest, leaf.Features.Length);
                for (var o = 0; o < tree.Width; o++)
                    Mean[o] += leaf.Reach * tree.Value[node * tree.Width + o];
                if (leaf.Features.Length > 0)
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

    /// <summary>Fills the tables of the leaves that may have one.</summary>
    public void BuildTables()
    {
        Span<double> room = stackalloc double[2 * (MostTabled + 1)];
        Span<bool> all = stackalloc bool[MostTabled];
        foreach (var leaf in Leaves)
        {
            if (!leaf.Tabled)
                continue;
            var players = leaf.Features.Length;
            var table = new double[players << players];
            var ones = all[..players];
            // With one output the leaf's value is part of the table.
            var value = Tree.Width == 1 ? Tree.Value[leaf.Node] : 1.0;
            for (var pattern = 0; pattern < 1 << players; pattern++)
            {
                for (var i = 0; i < players; i++)
                    ones[i] = (pattern >> i & 1) != 0;
                LeafGame.Shapley(leaf.Zeros, ones, value, table.AsSpan(pattern * players, players), room);
            }
            leaf.Table = table;
        }
    }

    /// <param name="Mask">Which split.</param>
    /// <param name="Player">Which of the leaf's features it tests.</param>
    internal readonly record struct Step(int Mask, int Player, bool Left);

    /// <param name="Features">Distinct features on the path.</param>
    /// <param name="Zeros">Per feature the share of training weight that its splits on the path let pass.</param>
    /// <param name="Reach">Product of all shares.</param>
    internal sealed record Leaf(int Node, int[] Features, double[] Zeros, Step[] Steps, double Reach)
    {
        public bool Tabled { get; set; }

        /// <summary>Contributions: pattern × feature.</summary>
        public double[]? Table { get; set; }

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

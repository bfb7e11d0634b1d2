namespace ModelHub.Engine.Explanation;

/// <summary>Shapley interaction values of trees (Lundberg et al. 2020, section 2.3), leaf by leaf.</summary>
internal static class TreeInteractions
{
    /// <summary>Adds weight × the values off the diagonal.</summary>
    public static void Add(TreeShap trees, ReadOnlySpan<float> row, double weight, int side, Span<double> matrix)
    {
        foreach (var paths in trees.Paths)
        {
            var room = new double[3 * (paths.MostPlayers + 1)];
            var all = new bool[paths.MostPlayers];
            foreach (var leaf in paths.Leaves)
            {
                var ones = all.AsSpan(0, leaf.Features.Length);
                ones.Fill(true);
                foreach (var step in leaf.Steps)
                {
                    var node = paths.Splits[step.Mask];
                    ones[step.Player] &= paths.Tree.GoesLeft(node, row[paths.Tree.Feature[node]]) == step.Left;
                }
                for (var i = 0; i < ones.Length; i++)
                {
                    for (var j = 0; j < i; j++)
                    {
                        var half = weight * LeafGame.Interaction(leaf.Zeros, ones, i, j, room);
                        for (var o = 0; o < paths.Tree.Width; o++)
                        {
                            var value = half * paths.Tree.Value[leaf.Node * paths.Tree.Width + o];
                            var at = (paths.Tree.Output + o) * side * side;
                            matrix[at + leaf.Features[i] * side + leaf.Features[j]] += value;
                            matrix[at + leaf.Features[j] * side + leaf.Features[i]] += value;
                        }
                    }
                }
            }
        }
    }
}

using ModelHub.Engine.Binning;

namespace ModelHub.Engine.Trees;

/// <summary>Turns grown nodes into a flat <see cref="Tree"/>.</summary>
internal static class TreeBuilder
{
    /// <param name="nodes">By id, the root first.</param>
    /// <param name="leafValues">Per node id; read at leaves.</param>
    /// <param name="rows">The tree's row buffer: a leaf's range of it gives its cover.</param>
    public static Tree Build(
        List<GrowingNode> nodes, Func<GrowingNode, ReadOnlySpan<float>> leafValues, int[] rows, double[]? weights, BinnedMatrix bins,
        int output, int width)
    {
        var count = nodes.Count;
        var tree = new Tree
        {
            Feature = new int[count],
            Threshold = new float[count],
            Left = new int[count],
            Right = new int[count],
            MissingLeft = new bool[count],
            CategoryOffset = new int[count],
            CategoryWords = new int[count],
            CategoryBits = CategoryBits(nodes, bins, out var offsets, out var words),
            Value = new float[count * width],
            Cover = new double[count],
            Gain = new float[count],
            Output = output,
            Width = width,
        };
        for (var i = count - 1; i >= 0; i--)
        {
            var node = nodes[i];
            (tree.CategoryOffset[i], tree.CategoryWords[i]) = (offsets[i], words[i]);
            if (node.IsLeaf)
            {
                (tree.Feature[i], tree.Left[i], tree.Right[i]) = (-1, -1, -1);
                leafValues(node).CopyTo(tree.Value.AsSpan(i * width, width));
                tree.Cover[i] = Cover(rows.AsSpan(node.Begin, node.Count), weights);
                continue;
            }
            var (left, right) = (node.Left!.Id, node.Right!.Id);
            (tree.Feature[i], tree.Left[i], tree.Right[i]) = (node.Split.Feature, left, right);
            tree.Gain[i] = (float)node.Split.Gain;
            tree.MissingLeft[i] = node.Split.MissingLeft;
            if (offsets[i] < 0)
                tree.Threshold[i] = bins.Mappers[node.Split.Feature].Threshold(node.Split.Bin);
            tree.Cover[i] = tree.Cover[left] + tree.Cover[right];
            for (var o = 0; o < width; o++)
            {
                var sum = tree.Cover[left] * tree.Value[left * width + o] + tree.Cover[right] * tree.Value[right * width + o];
                tree.Value[i * width + o] = tree.Cover[i] > 0 ? (float)(sum / tree.Cover[i]) : 0;
            }
        }
        return tree;
    }

    public static double Cover(ReadOnlySpan<int> rows, double[]? weights)
    {
        if (weights is null)
            return rows.Length;
        var sum = 0.0;
        foreach (var row in rows)
            sum += weights[row];
        return sum;
    }

    private static uint[] CategoryBits(List<GrowingNode> nodes, BinnedMatrix bins, out int[] offsets, out int[] words)
    {
        var bits = new List<uint>();
        (offsets, words) = (new int[nodes.Count], new int[nodes.Count]);
        foreach (var node in nodes)
        {
            offsets[node.Id] = -1;
            if (node.IsLeaf || !bins.Mappers[node.Split.Feature].IsCategorical)
                continue;
            offsets[node.Id] = bits.Count;
            var codes = bins.Mappers[node.Split.Feature].CodeBins;
            var set = new uint[(codes.Length + 31) / 32];
            for (var c = 0; c < codes.Length; c++)
            {
                if (node.Split.Left.Contains(codes[c]))
                    set[c >> 5] |= 1u << (c & 31);
            }
            words[node.Id] = Array.FindLastIndex(set, w => w != 0) + 1;
            bits.AddRange(set.AsSpan(0, words[node.Id]));
        }
        return [.. bits];
    }
}

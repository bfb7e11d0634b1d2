using ModelHub.Engine.Binning;

namespace ModelHub.Engine.Trees;

/// <summary>A grown tree laid out to find the leaves of rows that it did not learn from, by their bins.</summary>
internal sealed class BinnedTree
{
    private readonly Node[] _nodes;

    /// <param name="nodes">By id, the root first.</param>
    public BinnedTree(List<GrowingNode> nodes, BinnedMatrix bins)
    {
        _nodes = new Node[nodes.Count];
        foreach (var node in nodes)
        {
            if (node.IsLeaf)
                continue;
            var (cells, offset, stride) = bins.Column(node.Split.Feature);
            _nodes[node.Id] = new Node { Cells = cells, Offset = offset, Stride = stride, Set = node.Split.Left, Left = node.Left!.Id, Right = node.Right!.Id };
        }
    }

    /// <summary>The id of a row's leaf.</summary>
    public int Leaf(int row)
    {
        var nodes = _nodes;
        var at = 0;
        while (nodes[at].Cells is { } cells)
        {
            ref readonly var node = ref nodes[at];
            at = node.Set.Contains(cells[node.Offset + row * node.Stride]) ? node.Left : node.Right;
        }
        return at;
    }

    private struct Node
    {
        /// <summary>Null at a leaf.</summary>
        public byte[]? Cells;
        public int Offset;
        public int Stride;
        public int Left;
        public int Right;
        public BinSet Set;
    }
}

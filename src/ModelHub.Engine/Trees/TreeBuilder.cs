using ModelHub.Engine.Binning;

namespace ModelHub.Engine.Trees;

/// <summary>Collects nodes while a tree grows and makes the flat <see cref="Tree"/> of them.</summary>
internal sealed class TreeBuilder(BinnedMatrix bins)
{
    private readonly List<Node> _nodes = [];
    private readonly List<uint> _bits = [];

    public int Count => _nodes.Count;

    public int AddLeaf()
    {
        _nodes.Add(new Node());
        return _nodes.Count - 1;
    }

    public void SetLeaf(int node, float value, double cover)
    {
        _nodes[node].Value = value;
        _nodes[node].Cover = cover;
    }

    public (int Left, int Right) Part(int node, Split split)
    {
        var mapper = bins.Mappers[split.Feature];
        var parent = _nodes[node];
        parent.Feature = split.Feature;
        parent.Gain = (float)split.Gain;
        parent.MissingLeft = split.Left[mapper.ValueBins];
        if (mapper.IsCategorical)
            AddSet(parent, split, mapper);
        else
            parent.Threshold = split.Bin == mapper.ValueBins - 1 ? float.MaxValue : mapper.Threshold(split.Bin);
        parent.Left = AddLeaf();
        parent.Right = AddLeaf();
        return (parent.Left, parent.Right);
    }

    public Tree Build(int output)
    {
        // Values of inner nodes are the means of what lies below them, by cover.
        for (var n = _nodes.Count - 1; n >= 0; n--)
        {
            if (_nodes[n].Feature < 0)
                continue;
            Node left = _nodes[_nodes[n].Left], right = _nodes[_nodes[n].Right];
            _nodes[n].Cover = left.Cover + right.Cover;
            _nodes[n].Value = (float)((left.Value * left.Cover + right.Value * right.Cover) / _nodes[n].Cover);
        }
        return new Tree
        {
            Feature = [.. _nodes.Select(n => n.Feature)],
            Threshold = [.. _nodes.Select(n => n.Threshold)],
            Left = [.. _nodes.Select(n => n.Left)],
            Right = [.. _nodes.Select(n => n.Right)],
            MissingLeft = [.. _nodes.Select(n => n.MissingLeft)],
            CategoryOffset = [.. _nodes.Select(n => n.SetOffset)],
            CategoryWords = [.. _nodes.Select(n => n.SetWords)],
            CategoryBits = [.. _bits],
            Value = [.. _nodes.Select(n => n.Value)],
            Cover = [.. _nodes.Select(n => n.Cover)],
            Gain = [.. _nodes.Select(n => n.Gain)],
            Output = output,
        };
    }

    private void AddSet(Node node, Split split, BinMapper mapper)
    {
        var words = 0;
        for (var b = 0; b < mapper.ValueBins; b++)
        {
            if (split.Left[b])
                words = Math.Max(words, (mapper.CodeOfBin[b] >> 5) + 1);
        }
        node.SetOffset = _bits.Count;
        node.SetWords = words;
        _bits.AddRange(new uint[words]);
        for (var b = 0; b < mapper.ValueBins; b++)
        {
            if (split.Left[b])
                _bits[node.SetOffset + (mapper.CodeOfBin[b] >> 5)] |= 1u << (mapper.CodeOfBin[b] & 31);
        }
        // Codes too rare for a bin of their own were missing in training, and must be at scoring: where those go left, their bits are set.
        if (split.Left[mapper.ValueBins])
            AddRare(node, mapper);
    }

    private void AddRare(Node node, BinMapper mapper)
    {
        var highest = mapper.CodeCount - 1;
        while (node.SetWords <= highest >> 5)
        {
            _bits.Add(0);
            node.SetWords++;
        }
        for (var code = 0; code <= highest; code++)
        {
            if (mapper.Bin(code) == mapper.ValueBins)
                _bits[node.SetOffset + (code >> 5)] |= 1u << (code & 31);
        }
    }

    private sealed class Node
    {
        public int Feature = -1;
        public float Threshold;
        public int Left = -1;
        public int Right = -1;
        public bool MissingLeft;
        public int SetOffset = -1;
        public int SetWords;
        public float Value;
        public double Cover;
        public float Gain;
    }
}

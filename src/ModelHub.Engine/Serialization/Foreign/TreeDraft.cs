using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>A tree while it is read; a node is a leaf until it is given a feature.</summary>
internal sealed class TreeDraft
{
    private readonly List<uint> _bits = [];
    private readonly int[] _offset;
    private readonly int[] _words;
    private readonly int _output;
    private readonly int _width;

    /// <param name="width">Values of a node.</param>
    public TreeDraft(int nodes, int output, int width = 1)
    {
        (Feature, Threshold, Left, Right, MissingLeft) = (new int[nodes], new float[nodes], new int[nodes], new int[nodes], new bool[nodes]);
        (Value, Cover, Gain, _offset, _words, _output) = (new float[checked(nodes * width)], new double[nodes], new float[nodes], new int[nodes], new int[nodes], output);
        _width = width;
        Array.Fill(Feature, -1);
        Array.Fill(_offset, -1);
    }

    public int[] Feature { get; }

    public float[] Threshold { get; }

    public int[] Left { get; }

    public int[] Right { get; }

    public bool[] MissingLeft { get; }

    public float[] Value { get; }

    public double[] Cover { get; }

    public float[] Gain { get; }

    /// <summary>Makes a node's split one of categories: those of the set go to the left.</summary>
    public void AddSet(int node, ReadOnlySpan<uint> bits)
    {
        (_offset[node], _words[node]) = (_bits.Count, bits.Length);
        _bits.AddRange(bits);
    }

    public Tree ToTree() => new()
    {
        Feature = Feature,
        Threshold = Threshold,
        Left = Left,
        Right = Right,
        MissingLeft = MissingLeft,
        CategoryOffset = _offset,
        CategoryWords = _words,
        CategoryBits = [.. _bits],
        Value = Value,
        Cover = Cover,
        Gain = Gain,
        Output = _output,
        Width = _width,
    };
}

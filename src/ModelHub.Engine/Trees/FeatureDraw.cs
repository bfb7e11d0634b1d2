using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>Which features a tree, a level and a node may split on; drawn by their place, not by the order of asking.</summary>
internal sealed class FeatureDraw
{
    private readonly GrowthRules _rules;
    private readonly ulong _seed;
    private readonly ulong _tree;
    private readonly int[] _ofTree;
    private readonly int _featureCount;
    private readonly Dictionary<int, bool[]> _levels = [];

    public FeatureDraw(int featureCount, GrowthRules rules, ulong seed, int tree)
    {
        _rules = rules;
        _seed = seed;
        _tree = (ulong)tree << 32;
        _featureCount = featureCount;
        _ofTree = Draw(Enumerable.Range(0, featureCount).ToArray(), rules.ColumnSamplePerTree, _tree, 0);
    }

    public bool PerNode => _rules.ColumnSamplePerNode < 1 || _rules.RandomCuts;

    /// <summary>Per feature whether a level of the tree may split on it.</summary>
    public bool[] OfLevel(int depth)
    {
        if (_levels.TryGetValue(depth, out var active))
            return active;
        active = new bool[_featureCount];
        foreach (var feature in LevelFeatures(depth))
            active[feature] = true;
        _levels.Add(depth, active);
        return active;
    }

    /// <summary>The features that a node may split on.</summary>
    public int[] OfNode(GrowingNode node)
        => Draw(LevelFeatures(node.Depth), _rules.ColumnSamplePerNode, _tree + 2, (ulong)node.Id);

    /// <summary>The other features of a node's level, for when none of the drawn ones divides it.</summary>
    public int[] Rest(GrowingNode node, int[] drawn) => [.. LevelFeatures(node.Depth).Except(drawn)];

    /// <summary>Random numbers for a node's cuts of a feature.</summary>
    public SeededRandom RandomOf(GrowingNode node, int feature) => new(_seed, _tree + 3, (ulong)node.Id << 32 | (uint)feature);

    private int[] LevelFeatures(int depth) => Draw(_ofTree, _rules.ColumnSamplePerLevel, _tree + 1, (ulong)depth);

    private int[] Draw(int[] from, double rate, ulong stream, ulong part)
    {
        if (rate >= 1)
            return from;
        var drawn = (int[])from.Clone();
        var count = Math.Max(1, (int)Math.Round(from.Length * rate));
        var random = new SeededRandom(_seed, stream, part);
        random.Draw(drawn, count);
        Array.Resize(ref drawn, count);
        return drawn;
    }
}

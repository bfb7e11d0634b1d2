using System.Runtime.CompilerServices;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// A forest over bytes instead of numbers: what its features' values must be told apart by, and its trees in terms of that. Values are
/// kept in planes, one or two per feature: in the right plane a missing value goes right at every split, in the left plane left.
/// </summary>
internal sealed class RankedForest
{
    private readonly int _leaves;

    public RankedForest(Forest forest, Kernel kernel)
    {
        var splits = new List<(Tree, int)>?[forest.FeatureCount];
        Features = new RankedFeature?[forest.FeatureCount];
        LeftPlanes = new int[forest.FeatureCount];
        RightPlanes = new int[forest.FeatureCount];
        foreach (var tree in forest.Trees)
        {
            for (var n = 0; n < tree.NodeCount; n++)
            {
                if (tree.Feature[n] >= 0)
                    (splits[tree.Feature[n]] ??= []).Add((tree, n));
            }
        }
        for (var f = 0; f < Features.Length; f++)
        {
            LeftPlanes[f] = RightPlanes[f] = -1;
            if (splits[f] is not { } found)
                continue;
            Features[f] = RankedFeature.Of(found, kernel);
            if (Features[f] is not { } feature)
                continue;
            if (feature.IsCategorical || found.Exists(s => !s.Item1.MissingLeft[s.Item2]))
                RightPlanes[f] = PlaneCount++;
            if (!feature.IsCategorical && found.Exists(s => s.Item1.MissingLeft[s.Item2]))
                LeftPlanes[f] = PlaneCount++;
        }
        Trees = [.. forest.Trees.Select(tree => RankedTree.Of(tree, this))];
        BlockCount = Trees.Max(t => t?.BlockCount) ?? PlaneCount;
        _leaves = Trees.Max(t => t?.LeafCount) ?? 0;
        AllRanked = Array.TrueForAll(Trees, t => t is not null);
    }

    public RankedFeature?[] Features { get; }

    /// <summary>Per feature its plane for splits that send missing values to the left, -1 for none.</summary>
    public int[] LeftPlanes { get; }

    public int[] RightPlanes { get; }

    public int PlaneCount { get; private set; }

    /// <summary>Null where a tree has more than 256 leaves, or splits on a feature that needs more than a byte.</summary>
    public RankedTree?[] Trees { get; }

    /// <summary>Blocks that all its trees need to find leaves: see <see cref="RankedTree.BlockCount"/>.</summary>
    public int BlockCount { get; }

    public bool AllRanked { get; }

    /// <summary>Fills the blocks behind the planes with the leaves' numbers, so that a split need not ask whether a side of it is a leaf.</summary>
    public unsafe void WriteNumbers(byte* blocks)
    {
        for (var leaf = 0; leaf < _leaves; leaf++)
            new Span<byte>(blocks + (PlaneCount + leaf) * RankedTree.Block, RankedTree.Block).Fill((byte)leaf);
    }

    /// <summary>Ranks a block of rows. Rows beyond the source's last are missing throughout.</summary>
    /// <param name="planes"><see cref="PlaneCount"/> × <see cref="RankedTree.Block"/> bytes.</param>
    [SkipLocalsInit]
    public unsafe void Encode(RowSource source, int from, byte* planes)
    {
        const int block = RankedTree.Block;
        var together = source.Together;
        var values = stackalloc float[together * block];
        var count = Math.Min(block, source.Count - from);
        new Span<float>(values, together * block).Fill(float.NaN);
        for (var first = 0; first < Features.Length; first += together)
        {
            var features = Features.AsSpan(first, Math.Min(together, Features.Length - first));
            if (!features.ContainsAnyExcept((RankedFeature?)null))
                continue;
            source.CopyColumns(first, features.Length, from, count, values, block);
            for (var f = 0; f < features.Length; f++)
            {
                var (right, left) = (RightPlanes[first + f], LeftPlanes[first + f]);
                features[f]?.Encode(values + f * block, block, right < 0 ? null : planes + right * block, left < 0 ? null : planes + left * block);
            }
        }
    }
}

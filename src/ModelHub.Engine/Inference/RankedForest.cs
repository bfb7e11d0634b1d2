using System.Runtime.CompilerServices;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// A forest over bytes instead of numbers: what its features' values must be told apart by, and its trees in terms of that. Values are
/// kept in planes, one or two per feature: in the right plane a missing value goes right at every split, in the left plane left.
/// </summary>
internal sealed class RankedForest
{
    public RankedForest(Forest forest)
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
            Features[f] = RankedFeature.Of(found);
            if (Features[f] is not { } feature)
                continue;
            if (feature.IsCategorical || found.Exists(s => !s.Item1.MissingLeft[s.Item2]))
                RightPlanes[f] = PlaneCount++;
            if (!feature.IsCategorical && found.Exists(s => s.Item1.MissingLeft[s.Item2]))
                LeftPlanes[f] = PlaneCount++;
        }
        Trees = [.. forest.Trees.Select(tree => RankedTree.Of(tree, this))];
        Stack = Trees.Max(t => t?.Stack) ?? 1;
        AllRanked = Array.TrueForAll(Trees, t => t is not null);
    }

    public RankedFeature?[] Features { get; }

    /// <summary>Per feature its plane for splits that send missing values to the left, -1 for none.</summary>
    public int[] LeftPlanes { get; }

    public int[] RightPlanes { get; }

    public int PlaneCount { get; private set; }

    /// <summary>Null where a tree has more than 256 leaves, or splits on a feature that needs more than a byte.</summary>
    public RankedTree?[] Trees { get; }

    public int Stack { get; }

    public bool AllRanked { get; }

    /// <summary>Ranks a block of rows. Rows beyond the source's last are missing throughout.</summary>
    /// <param name="planes"><see cref="PlaneCount"/> × <see cref="RankedTree.Block"/> bytes.</param>
    [SkipLocalsInit]
    public unsafe void Encode(RowSource source, int from, byte* planes)
    {
        const int block = RankedTree.Block;
        var values = stackalloc float[block];
        var count = Math.Min(block, source.Count - from);
        new Span<float>(values + count, block - count).Fill(float.NaN);
        for (var f = 0; f < Features.Length; f++)
        {
            if (Features[f] is not { } feature)
                continue;
            source.CopyColumn(f, from, new Span<float>(values, count));
            feature.Encode(values, block,
                RightPlanes[f] < 0 ? null : planes + RightPlanes[f] * block, LeftPlanes[f] < 0 ? null : planes + LeftPlanes[f] * block);
        }
    }
}

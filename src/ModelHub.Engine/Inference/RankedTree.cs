using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// A tree over ranks: all its splits are decided for a block of rows, a register at a time, and leaves are picked from the bottom up, without a
/// branch or an indirection per row (compare QuickScorer, Lucchese et al. 2015, which also decides all splits, but row by row).
/// </summary>
internal sealed class RankedTree
{
    /// <summary>Rows of a block: four registers of AVX-512.</summary>
    public const int Block = 256;
    public const int MostLeaves = 256;
    private const int SetBytes = 32;

    private readonly byte[] _sets;

    // Per set the plane of its classes.
    private readonly ushort[] _setPlanes;
    private readonly int _firstMask;

    private RankedTree(Tree tree, Split[] splits, byte[] sets, ushort[] setPlanes, float[] values, int planeCount)
    {
        (Width, Output) = (tree.Width, tree.Output);
        Splits = splits;
        _sets = sets;
        _setPlanes = setPlanes;
        Values = values;
        _firstMask = planeCount + MostLeaves;
    }

    /// <summary>Outputs that the tree adds to.</summary>
    public int Width { get; }

    /// <summary>The first of them.</summary>
    public int Output { get; }

    /// <summary>Splits in post-order: both sides of a split come before it.</summary>
    public Split[] Splits { get; }

    /// <summary>Values of the leaves, by their number here; zeros behind them fill whole registers (see <see cref="LeafValues"/>).</summary>
    public float[] Values { get; }

    public int LeafCount => Splits.Length + 1;

    /// <summary>Blocks that <see cref="FindLeaves"/> reads and writes: planes, leaf numbers, masks of sets, and numbers that wait for their sibling.</summary>
    public int BlockCount => Splits.Select(s => s.To + 1).DefaultIfEmpty(_firstMask).Max();

    public static RankedTree? Of(Tree tree, RankedForest forest)
    {
        var leaves = tree.Feature.Count(f => f < 0);
        if (leaves > MostLeaves || forest.PlaneCount > ushort.MaxValue - 3 * MostLeaves || tree.Feature.Any(f => f >= 0 && forest.Features[f] is null))
            return null;
        var splits = new List<Split>();
        var sets = new List<byte>();
        var setPlanes = new List<ushort>();
        var leafNodes = new List<int>();
        var firstMask = forest.PlaneCount + MostLeaves;
        var firstWaiting = firstMask + tree.Feature.Count(f => f >= 0 && forest.Features[f]!.IsCategorical);
        Visit(0, firstWaiting);
        var values = new float[LeafValues.RoomOf(leaves * tree.Width)];
        for (var l = 0; l < leafNodes.Count; l++)
            tree.Value.AsSpan(leafNodes[l] * tree.Width, tree.Width).CopyTo(values.AsSpan(l * tree.Width));
        return new RankedTree(tree, [.. splits], [.. sets], [.. setPlanes], values, forest.PlaneCount);

        // Returns the block with the number of each row's leaf below the node: the leaf's own, or the first in which nothing waits.
        int Visit(int node, int free)
        {
            if (tree.Feature[node] < 0)
            {
                leafNodes.Add(node);
                return forest.PlaneCount + leafNodes.Count - 1;
            }
            var left = Visit(tree.Left[node], free);
            var right = Visit(tree.Right[node], left == free ? free + 1 : free);
            var feature = forest.Features[tree.Feature[node]]!;
            var plane = (feature.IsCategorical || !tree.MissingLeft[node] ? forest.RightPlanes : forest.LeftPlanes)[tree.Feature[node]];
            sbyte threshold = 0;
            if (feature.IsCategorical)
            {
                sets.AddRange(new byte[SetBytes]);
                feature.WriteSet(tree, node, CollectionsMarshal.AsSpan(sets)[^SetBytes..]);
                setPlanes.Add((ushort)plane);
                plane = firstMask + setPlanes.Count - 1;
            }
            else
            {
                threshold = (sbyte)(feature.Rank(tree.Threshold[node]) ^ 0x80);
            }
            splits.Add(new Split((ushort)plane, (ushort)left, (ushort)right, (ushort)free, threshold));
            return free;
        }
    }

    /// <summary>The nodes that a tree's <see cref="Splits"/> stand for, in their order.</summary>
    public static int[] NodesOf(Tree tree)
    {
        var nodes = new List<int>();
        Visit(0);
        return [.. nodes];

        void Visit(int node)
        {
            if (tree.Feature[node] < 0)
                return;
            Visit(tree.Left[node]);
            Visit(tree.Right[node]);
            nodes.Add(node);
        }
    }

    /// <summary>The number of the leaf of each of a block's rows.</summary>
    /// <param name="blocks"><see cref="BlockCount"/> blocks of <see cref="Block"/> bytes, with the planes and the leaves' numbers written.</param>
    /// <param name="rows">How many of the block's rows matter.</param>
    /// <returns>Where among them the numbers of the rows' leaves are.</returns>
    public unsafe byte* FindLeaves(byte* blocks, int rows, Kernel kernel)
    {
        if (Splits.Length == 0)
            return blocks + (_firstMask - MostLeaves) * Block;
        for (var set = 0; set < _setPlanes.Length; set++)
            Member(set, blocks, blocks + (_firstMask + set) * Block);
        if (kernel == Kernel.Avx512)
            PickBySixtyFour(blocks, Splits);
        else
            PickByThirtyTwo(blocks, rows, Splits);
        return blocks + Splits[^1].To * Block;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void PickByThirtyTwo(byte* blocks, int rows, ReadOnlySpan<Split> splits)
    {
        foreach (ref readonly var split in splits)
        {
            byte* from = At(blocks, split.From), left = At(blocks, split.Left), right = At(blocks, split.Right), to = At(blocks, split.To);
            var threshold = Vector256.Create(split.Threshold);
            for (var i = 0; i < rows; i += 128)
            {
                Pick(threshold, from + i, left + i, right + i, to + i);
                Pick(threshold, from + i + 32, left + i + 32, right + i + 32, to + i + 32);
                Pick(threshold, from + i + 64, left + i + 64, right + i + 64, to + i + 64);
                Pick(threshold, from + i + 96, left + i + 96, right + i + 96, to + i + 96);
            }
        }
    }

    /// <summary>A whole block, as two registers at a time would wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void PickBySixtyFour(byte* blocks, ReadOnlySpan<Split> splits)
    {
        foreach (ref readonly var split in splits)
        {
            byte* from = At(blocks, split.From), left = At(blocks, split.Left), right = At(blocks, split.Right), to = At(blocks, split.To);
            var threshold = Vector512.Create(split.Threshold);
            Pick(threshold, from, left, right, to);
            Pick(threshold, from + 64, left + 64, right + 64, to + 64);
            Pick(threshold, from + 128, left + 128, right + 128, to + 128);
            Pick(threshold, from + 192, left + 192, right + 192, to + 192);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Pick(Vector256<sbyte> threshold, byte* from, byte* left, byte* right, byte* to) =>
        Vector256.ConditionalSelect(
            Vector256.GreaterThan(threshold, Vector256.Load((sbyte*)from)).AsByte(), Vector256.Load(left), Vector256.Load(right)).Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Pick(Vector512<sbyte> threshold, byte* from, byte* left, byte* right, byte* to) =>
        Vector512.ConditionalSelect(
            Vector512.GreaterThan(threshold, Vector512.Load((sbyte*)from)).AsByte(), Vector512.Load(left), Vector512.Load(right)).Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe byte* At(byte* blocks, ushort block) => blocks + (nuint)block * Block;

    /// <summary>Which of a block's rows a split sends to the left: 255, else 0.</summary>
    public unsafe void Decide(in Split split, byte* planes, byte* mask)
    {
        if (split.From >= _firstMask)
        {
            Member(split.From - _firstMask, planes, mask);
            return;
        }
        var plane = At(planes, split.From);
        var threshold = Vector256.Create(split.Threshold);
        for (var i = 0; i < Block; i += 32)
            Vector256.GreaterThan(threshold, Vector256.Load((sbyte*)plane + i)).AsByte().Store(mask + i);
    }

    /// <summary>Looks 32 classes at a time up in a set of 256 bits.</summary>
    private unsafe void Member(int set, byte* planes, byte* mask)
    {
        var plane = At(planes, _setPlanes[set]);
        var bits = _sets.AsSpan(set * SetBytes, SetBytes);
        var low = Vector256.Create(Vector128.Create<byte>(bits[..16]), Vector128.Create<byte>(bits[..16]));
        var high = Vector256.Create(Vector128.Create<byte>(bits[16..]), Vector128.Create<byte>(bits[16..]));
        var powers = Vector256.Create(0x8040201008040201UL).AsByte();
        for (var i = 0; i < Block; i += 32)
        {
            var classes = Vector256.Load(plane + i);
            var at = (classes.AsUInt16() >>> 3).AsByte() & Vector256.Create((byte)31);
            var word = Vector256.ConditionalSelect(
                Vector256.GreaterThan(at, Vector256.Create((byte)15)), Avx2.Shuffle(high, at & Vector256.Create((byte)15)), Avx2.Shuffle(low, at));
            var bit = Avx2.Shuffle(powers, classes & Vector256.Create((byte)7));
            Vector256.Equals(word & bit, bit).Store(mask + i);
        }
    }

    /// <summary>A decision: rows whose byte in one block is below the threshold take their leaf's number from the left block, the others from the right.</summary>
    /// <param name="From">A plane of ranks, or the mask of a set, whose members are below 0.</param>
    /// <param name="To">Where the numbers go; may be one of the two.</param>
    internal readonly record struct Split(ushort From, ushort Left, ushort Right, ushort To, sbyte Threshold);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// A tree over ranks: all its splits are decided for a block of rows, 32 at a time, and leaves are picked from the bottom up, without a
/// branch or an indirection per row (compare QuickScorer, Lucchese et al. 2015, which also decides all splits, but row by row).
/// </summary>
internal sealed class RankedTree
{
    /// <summary>Rows of a block: four vectors.</summary>
    public const int Block = 128;
    public const int MostLeaves = 256;

    private RankedTree(Tree tree, Split[] splits, byte[] sets, float[] values, int stack)
    {
        (Width, Output) = (tree.Width, tree.Output);
        Splits = splits;
        Sets = sets;
        Values = values;
        Stack = stack;
    }

    /// <summary>Outputs that the tree adds to.</summary>
    public int Width { get; }

    /// <summary>The first of them.</summary>
    public int Output { get; }

    /// <summary>Splits in post-order: both sides of a split come before it.</summary>
    public Split[] Splits { get; }

    public byte[] Sets { get; }

    /// <summary>Values of the leaves, by their number here.</summary>
    public float[] Values { get; }

    /// <summary>Blocks of leaf numbers that wait for their sibling at most.</summary>
    public int Stack { get; }

    public static RankedTree? Of(Tree tree, RankedForest forest)
    {
        var leaves = tree.Feature.Count(f => f < 0);
        if (leaves > MostLeaves || forest.PlaneCount > ushort.MaxValue || tree.Feature.Any(f => f >= 0 && forest.Features[f] is null))
            return null;
        var splits = new List<Split>();
        var sets = new List<byte>();
        var leafNodes = new List<int>();
        var deepest = 0;
        Visit(0, 0);
        var values = new float[leafNodes.Count * tree.Width];
        for (var l = 0; l < leafNodes.Count; l++)
            tree.Value.AsSpan(leafNodes[l] * tree.Width, tree.Width).CopyTo(values.AsSpan(l * tree.Width));
        return new RankedTree(tree, [.. splits], [.. sets], values, Math.Max(1, deepest));

        // Returns the leaf's number, or -1 when the node leaves a block of numbers on the stack.
        int Visit(int node, int waiting)
        {
            if (tree.Feature[node] < 0)
            {
                leafNodes.Add(node);
                return leafNodes.Count - 1;
            }
            var left = Visit(tree.Left[node], waiting);
            var right = Visit(tree.Right[node], waiting + (left < 0 ? 1 : 0));
            deepest = Math.Max(deepest, waiting + (left < 0 ? 1 : 0) + (right < 0 ? 1 : 0) + 1);
            splits.Add(Describe(tree, node, left, right, forest, sets));
            return -1;
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
    /// <param name="planes">Ranks, <see cref="Block"/> bytes per plane.</param>
    /// <param name="stack"><see cref="Stack"/> × <see cref="Block"/> bytes of room.</param>
    /// <param name="leaves"><see cref="Block"/> bytes.</param>
    [SkipLocalsInit]
    public unsafe void FindLeaves(byte* planes, byte* stack, byte* leaves)
    {
        if (Splits.Length == 0)
        {
            new Span<byte>(leaves, Block).Clear();
            return;
        }
        var top = stack;
        var masks = stackalloc Vector256<byte>[4];
        foreach (ref readonly var split in Splits.AsSpan())
        {
            var plane = planes + split.Plane * Block;
            Vector256<byte> a, b, c, d;
            if (split.Set < 0)
            {
                var threshold = Vector256.Create(split.Threshold);
                a = Vector256.GreaterThan(threshold, Vector256.Load((sbyte*)plane)).AsByte();
                b = Vector256.GreaterThan(threshold, Vector256.Load((sbyte*)plane + 32)).AsByte();
                c = Vector256.GreaterThan(threshold, Vector256.Load((sbyte*)plane + 64)).AsByte();
                d = Vector256.GreaterThan(threshold, Vector256.Load((sbyte*)plane + 96)).AsByte();
            }
            else
            {
                Member(split.Set, plane, (byte*)masks);
                (a, b, c, d) = (masks[0], masks[1], masks[2], masks[3]);
            }
            var l = Vector256.Create(split.LeftLeaf);
            var r = Vector256.Create(split.RightLeaf);
            switch (split.Shape)
            {
                case Shape.TwoLeaves:
                    Vector256.ConditionalSelect(a, l, r).Store(top);
                    Vector256.ConditionalSelect(b, l, r).Store(top + 32);
                    Vector256.ConditionalSelect(c, l, r).Store(top + 64);
                    Vector256.ConditionalSelect(d, l, r).Store(top + 96);
                    top += Block;
                    break;
                case Shape.LeftLeaf:
                    Vector256.ConditionalSelect(a, l, Vector256.Load(top - 128)).Store(top - 128);
                    Vector256.ConditionalSelect(b, l, Vector256.Load(top - 96)).Store(top - 96);
                    Vector256.ConditionalSelect(c, l, Vector256.Load(top - 64)).Store(top - 64);
                    Vector256.ConditionalSelect(d, l, Vector256.Load(top - 32)).Store(top - 32);
                    break;
                case Shape.RightLeaf:
                    Vector256.ConditionalSelect(a, Vector256.Load(top - 128), r).Store(top - 128);
                    Vector256.ConditionalSelect(b, Vector256.Load(top - 96), r).Store(top - 96);
                    Vector256.ConditionalSelect(c, Vector256.Load(top - 64), r).Store(top - 64);
                    Vector256.ConditionalSelect(d, Vector256.Load(top - 32), r).Store(top - 32);
                    break;
                default:
                    top -= Block;
                    Vector256.ConditionalSelect(a, Vector256.Load(top - 128), Vector256.Load(top)).Store(top - 128);
                    Vector256.ConditionalSelect(b, Vector256.Load(top - 96), Vector256.Load(top + 32)).Store(top - 96);
                    Vector256.ConditionalSelect(c, Vector256.Load(top - 64), Vector256.Load(top + 64)).Store(top - 64);
                    Vector256.ConditionalSelect(d, Vector256.Load(top - 32), Vector256.Load(top + 96)).Store(top - 32);
                    break;
            }
        }
        new ReadOnlySpan<byte>(stack, Block).CopyTo(new Span<byte>(leaves, Block));
    }

    /// <summary>Which of a block's rows a split sends to the left: 255, else 0.</summary>
    public unsafe void Decide(in Split split, byte* planes, byte* mask)
    {
        var plane = planes + split.Plane * Block;
        if (split.Set >= 0)
        {
            Member(split.Set, plane, mask);
            return;
        }
        var threshold = Vector256.Create(split.Threshold);
        for (var i = 0; i < Block; i += 32)
            Vector256.GreaterThan(threshold, Vector256.Load((sbyte*)plane + i)).AsByte().Store(mask + i);
    }

    /// <summary>Looks 32 classes at a time up in a set of 256 bits.</summary>
    private unsafe void Member(int set, byte* plane, byte* mask)
    {
        var bits = Sets.AsSpan(set * 32, 32);
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

    private static Split Describe(Tree tree, int node, int left, int right, RankedForest forest, List<byte> sets)
    {
        var number = tree.Feature[node];
        var feature = forest.Features[number]!;
        var shape = (left >= 0, right >= 0) switch
        {
            (true, true) => Shape.TwoLeaves,
            (true, false) => Shape.LeftLeaf,
            (false, true) => Shape.RightLeaf,
            (false, false) => Shape.NoLeaf,
        };
        var set = -1;
        if (feature.IsCategorical)
        {
            set = sets.Count / 32;
            sets.AddRange(new byte[32]);
            feature.WriteSet(tree, node, CollectionsMarshal.AsSpan(sets)[(set * 32)..]);
        }
        var threshold = feature.IsCategorical ? (sbyte)0 : (sbyte)(feature.Rank(tree.Threshold[node]) ^ 0x80);
        var plane = !feature.IsCategorical && tree.MissingLeft[node] ? forest.LeftPlanes[number] : forest.RightPlanes[number];
        return new Split((ushort)plane, (short)set, threshold, (byte)Math.Max(0, left), (byte)Math.Max(0, right), shape);
    }

    /// <summary>Which sides of a split are leaves.</summary>
    internal enum Shape : byte
    {
        TwoLeaves,
        LeftLeaf,
        RightLeaf,
        NoLeaf,
    }

    /// <summary>A decision in eight bytes.</summary>
    /// <param name="Set">The number of its set of classes, -1 for a numeric split.</param>
    internal readonly record struct Split(ushort Plane, short Set, sbyte Threshold, byte LeftLeaf, byte RightLeaf, Shape Shape);
}

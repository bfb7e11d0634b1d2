using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>
/// Exact path-dependent TreeSHAP (Lundberg et al. 2020) for blocks of rows: a tree's splits are decided for 128 rows at once, each leaf's
/// patterns of agreement follow by bit operations, and contributions are looked up (see <see cref="TreePaths"/>).
/// </summary>
internal sealed class TreeShap
{
    private const int Block = RankedTree.Block;

    /// <summary>Blocks that share a tree's tables while these are in the cache.</summary>
    private const int BlocksPerChunk = 4;

    /// <summary>Numbers in all tables together: 256 MB.</summary>
    private const long MostTableNumbers = 32L << 20;
    private readonly Forest _forest;
    private readonly RankedForest? _ranked;
    private readonly TreePaths[] _paths;
    private readonly int _masks;

    public TreeShap(Forest forest, Kernel kernel)
    {
        _forest = forest;
        if (kernel == Kernel.Avx2 && forest.Trees.Count > 0)
            _ranked = new RankedForest(forest);
        Bias = [.. forest.Base];
        var room = MostTableNumbers;
        _paths = new TreePaths[forest.Trees.Count];
        for (var t = 0; t < _paths.Length; t++)
        {
            _paths[t] = new TreePaths(forest.Trees[t], ref room);
            for (var o = 0; o < forest.Trees[t].Width; o++)
                Bias[forest.Trees[t].Output + o] += _paths[t].Mean[o];
            _masks = Math.Max(_masks, _paths[t].Splits.Length);
        }
        Parallel.ForEach(_paths, p => p.BuildTables());
    }

    public IReadOnlyList<TreePaths> Paths => _paths;

    /// <summary>Expected raw scores over the training weight.</summary>
    public double[] Bias { get; }

    /// <summary>Adds weight × contributions: per row, per output, <see cref="Forest.FeatureCount"/> + 1 numbers, the bias last.</summary>
    public unsafe void Add(RowSource source, double weight, Span<double> contributions)
    {
        var planes = ArrayPool<byte>.Shared.Rent((BlocksPerChunk * (_ranked?.PlaneCount ?? 0) + _masks + 1) * Block);
        var needsValues = _ranked is not { AllRanked: true };
        var values = needsValues ? ArrayPool<float>.Shared.Rent(BlocksPerChunk * Block * Math.Max(1, _forest.FeatureCount)) : [];
        var stride = _forest.OutputCount * (_forest.FeatureCount + 1);
        fixed (byte* bytes = planes)
        fixed (double* all = contributions)
        {
            for (var chunk = 0; chunk < source.Count; chunk += BlocksPerChunk * Block)
            {
                var rows = Math.Min(BlocksPerChunk * Block, source.Count - chunk);
                Prepare(source, chunk, rows, bytes, values, all + (long)chunk * stride, weight);
                for (var t = 0; t < _paths.Length; t++)
                {
                    for (var from = 0; from < rows; from += Block)
                    {
                        var block = new BlockRows(
                            bytes + from * (_ranked?.PlaneCount ?? 0), bytes + BlocksPerChunk * Block * (_ranked?.PlaneCount ?? 0),
                            Math.Min(Block, rows - from), all + (long)(chunk + from) * stride, weight);
                        Decide(t, block, values, from, rows);
                        foreach (var leaf in _paths[t].Leaves)
                            AddLeaf(_paths[t], leaf, block);
                    }
                }
            }
        }
        ArrayPool<byte>.Shared.Return(planes);
        if (needsValues)
            ArrayPool<float>.Shared.Return(values);
    }

    private unsafe void Prepare(RowSource source, int chunk, int rows, byte* planes, float[] values, double* contributions, double weight)
    {
        for (var from = 0; from < rows && _ranked is not null; from += Block)
            _ranked.Encode(source, chunk + from, planes + from * _ranked.PlaneCount);
        for (var f = 0; f < _forest.FeatureCount && values.Length > 0; f++)
            source.CopyColumn(f, chunk, values.AsSpan(f * rows, rows));
        var width = _forest.FeatureCount + 1;
        for (var i = 0; i < rows * _forest.OutputCount; i++)
            contributions[(long)i * width + width - 1] += weight * Bias[i % _forest.OutputCount];
    }

    /// <summary>Which rows each split sends to the left.</summary>
    private unsafe void Decide(int tree, in BlockRows block, float[] values, int from, int rows)
    {
        var splits = _paths[tree].Splits;
        if (_ranked?.Trees[tree] is { } ranked)
        {
            // Ranked splits come in post-order, masks by ascending node.
            foreach (ref readonly var split in ranked.Splits.AsSpan())
                ranked.Decide(split, block.Planes, block.Masks + Array.BinarySearch(splits, split.Node) * Block);
            return;
        }
        var source = _forest.Trees[tree];
        for (var s = 0; s < splits.Length; s++)
        {
            var column = values.AsSpan(source.Feature[splits[s]] * rows + from, block.Count);
            for (var i = 0; i < column.Length; i++)
                block.Masks[s * Block + i] = source.GoesLeft(splits[s], column[i]) ? (byte)255 : (byte)0;
        }
    }

    [SkipLocalsInit]
    private unsafe void AddLeaf(TreePaths paths, TreePaths.Leaf leaf, in BlockRows block)
    {
        var width = _forest.FeatureCount + 1;
        var stride = width * _forest.OutputCount;
        var tree = paths.Tree;
        var first = block.Contributions + tree.Output * width;
        if (leaf.Table is null)
        {
            AddWithoutTable(paths, leaf, block, first);
            return;
        }
        var patterns = stackalloc byte[Block];
        FindPatterns(leaf, block.Masks, patterns);
        fixed (double* table = leaf.Table)
        fixed (int* features = leaf.Features)
        {
            var players = leaf.Features.Length;
            if (tree.Width == 1 && block.Weight == 1)
            {
                Add(table, features, players, patterns, block.Count, first, stride);
                return;
            }
            for (var i = 0; i < block.Count; i++)
            {
                for (var o = 0; o < tree.Width; o++)
                {
                    var value = block.Weight * (tree.Width == 1 ? 1 : tree.Value[leaf.Node * tree.Width + o]);
                    for (var p = 0; p < players; p++)
                        first[(long)i * stride + o * width + features[p]] += value * table[patterns[i] * players + p];
                }
            }
        }
    }

    /// <summary>The hot loop: a look-up and an addition per feature, for one row after the other.</summary>
    private static unsafe void Add(double* table, int* features, int players, byte* patterns, int count, double* to, int stride)
    {
        int f0 = features[0], f1 = players > 1 ? features[1] : 0, f2 = players > 2 ? features[2] : 0, f3 = players > 3 ? features[3] : 0;
        int f4 = players > 4 ? features[4] : 0, f5 = players > 5 ? features[5] : 0;
        for (var i = 0; i < count; i++, to += stride)
        {
            var add = table + patterns[i] * players;
            switch (players)
            {
                case 6:
                    to[f5] += add[5];
                    goto case 5;
                case 5:
                    to[f4] += add[4];
                    goto case 4;
                case 4:
                    to[f3] += add[3];
                    goto case 3;
                case 3:
                    to[f2] += add[2];
                    goto case 2;
                case 2:
                    to[f1] += add[1];
                    goto case 1;
                case 1:
                    to[f0] += add[0];
                    break;
                default:
                    for (var p = 0; p < players; p++)
                        to[features[p]] += add[p];
                    break;
            }
        }
    }

    /// <summary>Per row a bit per feature: whether all of the path's splits on it agree.</summary>
    private static unsafe void FindPatterns(TreePaths.Leaf leaf, byte* masks, byte* patterns)
    {
        var full = Vector256.Create((byte)((1 << leaf.Features.Length) - 1));
        var (a, b, c, d) = (full, full, full, full);
        foreach (ref readonly var step in leaf.Steps.AsSpan())
        {
            // Where a row disagrees, the feature's bit is cleared.
            var bit = Vector256.Create((byte)(1 << step.Player));
            var mask = masks + step.Mask * Block;
            var flip = step.Left ? Vector256<byte>.AllBitsSet : Vector256<byte>.Zero;
            a = Vector256.AndNot(a, (Vector256.Load(mask) ^ flip) & bit);
            b = Vector256.AndNot(b, (Vector256.Load(mask + 32) ^ flip) & bit);
            c = Vector256.AndNot(c, (Vector256.Load(mask + 64) ^ flip) & bit);
            d = Vector256.AndNot(d, (Vector256.Load(mask + 96) ^ flip) & bit);
        }
        a.Store(patterns);
        b.Store(patterns + 32);
        c.Store(patterns + 64);
        d.Store(patterns + 96);
    }

    private unsafe void AddWithoutTable(TreePaths paths, TreePaths.Leaf leaf, in BlockRows block, double* first)
    {
        var width = _forest.FeatureCount + 1;
        var players = leaf.Features.Length;
        var numbers = ArrayPool<double>.Shared.Rent(3 * players + 2);
        var flags = ArrayPool<bool>.Shared.Rent(players);
        var ones = flags.AsSpan(0, players);
        var values = numbers.AsSpan(0, players);
        for (var i = 0; i < block.Count; i++)
        {
            ones.Fill(true);
            values.Clear();
            foreach (ref readonly var step in leaf.Steps.AsSpan())
                ones[step.Player] &= block.Masks[step.Mask * Block + i] != 0 == step.Left;
            LeafGame.Shapley(leaf.Zeros, ones, block.Weight, values, numbers.AsSpan(players));
            for (var o = 0; o < paths.Tree.Width; o++)
            {
                var to = first + ((long)i * _forest.OutputCount + o) * width;
                for (var p = 0; p < players; p++)
                    to[leaf.Features[p]] += values[p] * paths.Tree.Value[leaf.Node * paths.Tree.Width + o];
            }
        }
        ArrayPool<double>.Shared.Return(numbers);
        ArrayPool<bool>.Shared.Return(flags);
    }

    private readonly unsafe struct BlockRows(byte* planes, byte* masks, int count, double* contributions, double weight)
    {
        public readonly byte* Planes = planes;
        public readonly byte* Masks = masks;
        public readonly int Count = count;
        public readonly double* Contributions = contributions;
        public readonly double Weight = weight;
    }
}

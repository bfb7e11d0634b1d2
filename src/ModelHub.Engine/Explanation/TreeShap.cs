using System.Buffers;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>
/// Exact path-dependent TreeSHAP (Lundberg et al. 2020). A tree's splits are decided first, for one row or for 128 rows at once; what each of its
/// parts contributes follows from these by a look-up (see <see cref="TreeParts"/>). Rows alone and in blocks get the same bits.
/// </summary>
internal sealed class TreeShap
{
    private const int Block = RankedTree.Block;

    /// <summary>Blocks that share a tree's tables while these are in the cache.</summary>
    private const int BlocksPerChunk = 2;

    /// <summary>From so many rows on, a block costs less than its rows one by one.</summary>
    private const int FewestOfBlock = 8;

    private readonly Forest _forest;
    private readonly RankedForest? _ranked;
    private readonly TreePaths[] _paths;
    private readonly TreeParts[] _parts;
    private readonly RowSplits[] _splits;
    private readonly TableRoom _room;

    // Per ranked tree the mask of each of its splits: they come in post-order, masks by ascending node.
    private readonly int[]?[] _maskOf;
    private readonly int _masks;
    private readonly int _words;
    private readonly int _mostParts;
    private readonly int[] _outputs;

    public TreeShap(Forest forest, Kernel kernel, TableRoom? room = null)
    {
        _room = room ?? new TableRoom(TableRoom.Memory.OfProcess);
        _forest = forest;
        if (kernel != Kernel.Scalar && forest.Trees.Count > 0)
            _ranked = new RankedForest(forest, kernel);
        Bias = [.. forest.Base];
        _paths = [.. forest.Trees.Select(tree => new TreePaths(tree))];
        _parts = [.. _paths.Select(paths => new TreeParts(paths))];
        _splits = [.. _paths.Select(paths => new RowSplits(paths, forest.FeatureCount, kernel))];
        _masks = _paths.Select(paths => paths.Splits.Length).DefaultIfEmpty().Max();
        _maskOf = [.. _paths.Select((paths, t) => _ranked?.Trees[t] is null ? null
            : Array.ConvertAll(RankedTree.NodesOf(paths.Tree), node => Array.BinarySearch(paths.Splits, node)))];
        _words = _splits.Select(splits => splits.Words).DefaultIfEmpty().Max();
        _mostParts = _parts.Select(parts => parts.Count).DefaultIfEmpty().Max();
        _outputs = [.. forest.Trees.Select(tree => tree.Output)];
        foreach (var paths in _paths)
        {
            for (var o = 0; o < paths.Tree.Width; o++)
                Bias[paths.Tree.Output + o] += paths.Mean[o];
        }
        BuildTables();
    }

    public IReadOnlyList<TreePaths> Paths => _paths;

    /// <summary>Expected raw scores over the training weight.</summary>
    public double[] Bias { get; }

    /// <summary>Adds weight × contributions: per row, per output, <see cref="Forest.FeatureCount"/> + 1 numbers, the bias last.</summary>
    public unsafe void Add(RowSource source, double weight, Span<double> contributions)
    {
        var width = _forest.FeatureCount + 1;
        for (var i = 0; i < source.Count * _forest.OutputCount; i++)
            contributions[(i + 1) * width - 1] += weight * Bias[i % _forest.OutputCount];
        fixed (double* all = contributions)
        {
            if (source.Count < FewestOfBlock)
                AddRows(source, weight, all);
            else
                AddBlocks(source, weight, all);
        }
        GC.KeepAlive(this); // the tables' memory
    }

    private void BuildTables()
    {
        List<(TreeParts Parts, int First)> tabled = [];
        var numbers = 0;
        foreach (var parts in _parts.Where(p => _room.TryTake(sizeof(double) * (long)p.TableNumbers)))
        {
            tabled.Add((parts, numbers));
            numbers += parts.TableNumbers;
        }
        var table = new NumberTable(numbers);
        Parallel.ForEach(tabled, t => t.Parts.BuildTables(table, t.First));
    }

    /// <summary>Rows one by one; a tree's tables are asked for while those of the tree before it are read.</summary>
    private unsafe void AddRows(RowSource source, double weight, double* contributions)
    {
        var width = _forest.FeatureCount + 1;
        var values = ArrayPool<float>.Shared.Rent(RowSplits.RoomOf(_forest.FeatureCount));
        var words = ArrayPool<ulong>.Shared.Rent(2 * _words);
        var found = ArrayPool<int>.Shared.Rent(2 * _mostParts);
        fixed (float* row = values)
        fixed (ulong* word = words)
        fixed (int* place = found)
        {
            for (var i = 0; i < source.Count; i++, contributions += _forest.OutputCount * width)
            {
                source.CopyRow(i, values.AsSpan(0, _forest.FeatureCount));
                RowSplits.Double(values.AsSpan(0, 2 * _forest.FeatureCount));
                for (var t = 0; t <= _parts.Length; t++)
                {
                    var (now, before) = (t & 1, t & 1 ^ 1);
                    if (t < _parts.Length)
                    {
                        _splits[t].Decide(row, word + now * _words);
                        _parts[t].Find(word + now * _words, place + now * _mostParts);
                    }
                    if (t > 0)
                    {
                        _parts[t - 1].AddRow(
                            word + before * _words, place + before * _mostParts, weight, contributions + _outputs[t - 1] * width, width);
                    }
                }
            }
        }
        ArrayPool<float>.Shared.Return(values);
        ArrayPool<ulong>.Shared.Return(words);
        ArrayPool<int>.Shared.Return(found);
    }

    private unsafe void AddBlocks(RowSource source, double weight, double* contributions)
    {
        var planeBytes = _ranked?.PlaneCount ?? 0;
        var bytes = ArrayPool<byte>.Shared.Rent((BlocksPerChunk * planeBytes + _masks) * Block);
        var needsValues = _ranked is not { AllRanked: true };
        var values = needsValues ? ArrayPool<float>.Shared.Rent(BlocksPerChunk * Block * Math.Max(1, _forest.FeatureCount)) : [];
        var width = _forest.FeatureCount + 1;
        var stride = width * _forest.OutputCount;
        fixed (byte* planes = bytes)
        {
            var masks = planes + BlocksPerChunk * Block * planeBytes;
            for (var chunk = 0; chunk < source.Count; chunk += BlocksPerChunk * Block)
            {
                var rows = Math.Min(BlocksPerChunk * Block, source.Count - chunk);
                Prepare(source, chunk, rows, planes, values);
                for (var t = 0; t < _parts.Length; t++)
                {
                    for (var from = 0; from < rows; from += Block)
                    {
                        var count = Math.Min(Block, rows - from);
                        Decide(t, planes + from * planeBytes, masks, values, from, count, rows);
                        _parts[t].AddBlock(
                            masks, count, weight, contributions + (long)(chunk + from) * stride + _outputs[t] * width, width, stride);
                    }
                }
            }
        }
        ArrayPool<byte>.Shared.Return(bytes);
        if (needsValues)
            ArrayPool<float>.Shared.Return(values);
    }

    private unsafe void Prepare(RowSource source, int chunk, int rows, byte* planes, float[] values)
    {
        for (var from = 0; from < rows && _ranked is not null; from += Block)
            _ranked.Encode(source, chunk + from, planes + from * _ranked.PlaneCount);
        for (var f = 0; f < _forest.FeatureCount && values.Length > 0; f++)
            source.CopyColumn(f, chunk, values.AsSpan(f * rows, rows));
    }

    /// <summary>Which of a block's rows each split sends to the left.</summary>
    private unsafe void Decide(int tree, byte* planes, byte* masks, float[] values, int from, int count, int rows)
    {
        var splits = _paths[tree].Splits;
        if (_ranked?.Trees[tree] is { } ranked)
        {
            for (var s = 0; s < splits.Length; s++)
                ranked.Decide(ranked.Splits[s], planes, masks + _maskOf[tree]![s] * Block);
            return;
        }
        var source = _forest.Trees[tree];
        for (var s = 0; s < splits.Length; s++)
        {
            var column = values.AsSpan(source.Feature[splits[s]] * rows + from, count);
            for (var i = 0; i < column.Length; i++)
                masks[s * Block + i] = source.GoesLeft(splits[s], column[i]) ? (byte)255 : (byte)0;
        }
    }
}

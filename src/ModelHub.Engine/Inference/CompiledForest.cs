using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Serialization;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// A forest laid out for scoring: single rows on flat nodes, batches on ranks with AVX-512 or AVX2 (or flat nodes without). Every score equals
/// <see cref="Forest.Score"/> to the last bit, because the trees' values are added in the same order in double precision.
/// Immutable and thread-safe; nothing is allocated per row. The trees themselves are kept for those who ask for them: as they are, or packed.
/// </summary>
public sealed class CompiledForest : IModel
{
    private const int StackNumbers = 4096;
    private const int Block = RankedTree.Block;
    private const int CacheLine = 64;

    /// <summary>From so many rows on, a block costs less than its rows on flat nodes.</summary>
    private const int FewestOfBlock = 32;

    private readonly FlatForest _flat;
    private readonly RankedForest? _ranked;
    private readonly Forest? _forest;
    private readonly PackedForest? _packed;
    private readonly double[] _base;

    /// <param name="kernel">Null for the fastest that runs here.</param>
    public CompiledForest(Forest forest, Kernel? kernel = null)
    {
        (_forest, _base, FeatureCount, Link) = (forest, forest.Base, forest.FeatureCount, forest.Link);
        _flat = new FlatForest(forest);
        Kernel = KernelSelector.Resolve(kernel);
        if (Kernel != Kernel.Scalar && forest.Trees.Count > 0)
            _ranked = new RankedForest(forest, Kernel);
    }

    private CompiledForest(CompiledForest other, PackedForest packed)
    {
        (_packed, _base, FeatureCount, Link) = (packed, other._base, other.FeatureCount, other.Link);
        (_flat, _ranked, Kernel) = (other._flat, other._ranked, other.Kernel);
    }

    /// <summary>What was compiled: the form that explanation and storage read.</summary>
    public Forest Forest => _forest ?? _packed!.Unpack();

    public Kernel Kernel { get; }

    public int FeatureCount { get; }

    public int OutputCount => _base.Length;

    public Link Link { get; }

    /// <summary>The same model with its forests compiled, also inside blends and stacks; models of other kinds as they are.</summary>
    public static IModel Compile(IModel model) => Each(model, part => part is Forest forest ? new CompiledForest(forest) : part);

    /// <summary>The same model with the trees of its compiled forests packed, which takes a third of the memory.</summary>
    public static IModel Pack(IModel model) => Each(
        model, part => part is CompiledForest { _forest: { } forest } compiled ? new CompiledForest(compiled, new PackedForest(forest)) : part);

    private static IModel Each(IModel model, Func<IModel, IModel> change) => model switch
    {
        Blend blend => new Blend([.. blend.Members.Select(m => Each(m, change))], blend.Weights),
        StackedModel stack => new StackedModel([.. stack.Members.Select(m => Each(m, change))], stack.Weights, Each(stack.Second, change), stack.SecondWeight),
        _ => change(model),
    };

    [SkipLocalsInit]
    public void Score(ReadOnlySpan<float> row, Span<double> scores)
    {
        if (row.Length < FeatureCount || scores.Length < OutputCount)
            throw new ArgumentException($"A row has {FeatureCount} features and {OutputCount} scores.");
        row = row[..FeatureCount];
        _base.CopyTo(scores);
        var width = _flat.PreparedWidth + _flat.TreeCount;
        var rented = width > StackNumbers ? ArrayPool<int>.Shared.Rent(width) : null;
        var room = rented is null ? stackalloc int[StackNumbers] : rented;
        var prepared = room[.._flat.PreparedWidth];
        _flat.Prepare(row, prepared);
        _flat.Add(row, prepared, room.Slice(_flat.PreparedWidth, _flat.TreeCount), scores);
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
    }

    public void Score(FeatureMatrix features, ReadOnlySpan<int> rows, Span<double> scores)
    {
        if (features.FeatureCount != FeatureCount)
            throw new ArgumentException($"The matrix has {features.FeatureCount} features, the model {FeatureCount}.", nameof(features));
        Score(new RowSource(features, rows), scores);
    }

    /// <summary>Raw scores of rows that lie one after the other, <see cref="FeatureCount"/> values each.</summary>
    public void ScoreRows(ReadOnlySpan<float> rows, Span<double> scores) => Score(new RowSource(rows, FeatureCount), scores);

    private unsafe void Score(RowSource source, Span<double> scores)
    {
        if (scores.Length < (long)source.Count * OutputCount)
            throw new ArgumentException($"There are {source.Count} rows of {OutputCount} scores, and room for {scores.Length}.", nameof(scores));
        var ranked = source.Count >= FewestOfBlock ? _ranked : null;
        var needsRows = ranked is null || !ranked.AllRanked;
        var most = needsRows ? Math.Min(Block, source.Count) : 0;
        var values = ArrayPool<float>.Shared.Rent(most * (FeatureCount + _flat.PreparedWidth));
        var rows = values.AsSpan(0, most * FeatureCount);
        var prepared = MemoryMarshal.Cast<float, int>(values.AsSpan(rows.Length));
        var bytes = ranked is null ? [] : ArrayPool<byte>.Shared.Rent(ranked.BlockCount * Block + CacheLine);
        fixed (byte* start = bytes)
        {
            // A register that lies in two lines of the cache takes twice as long.
            var blocks = (byte*)(((nuint)start + CacheLine - 1) & ~(nuint)(CacheLine - 1));
            ranked?.WriteNumbers(blocks);
            for (var from = 0; from < source.Count; from += Block)
            {
                var count = Math.Min(Block, source.Count - from);
                var block = scores.Slice(from * OutputCount, count * OutputCount);
                if (_base is [var only])
                {
                    block.Fill(only);
                }
                else
                {
                    for (var i = 0; i < count; i++)
                        _base.CopyTo(block[(i * OutputCount)..]);
                }
                ranked?.Encode(source, from, blocks);
                if (needsRows)
                    Prepare(source, from, count, rows, prepared);
                AddTrees(ranked, blocks, count, rows, prepared, block);
            }
        }
        ArrayPool<float>.Shared.Return(values);
        if (bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(bytes);
    }

    private unsafe void AddTrees(RankedForest? ranked, byte* blocks, int count, ReadOnlySpan<float> rows, ReadOnlySpan<int> prepared, Span<double> scores)
    {
        for (var t = 0; t < _flat.TreeCount; t++)
        {
            if (ranked?.Trees[t] is not { } tree)
            {
                _flat.Add(t, count, rows, prepared, scores);
                continue;
            }
            var leaves = tree.FindLeaves(blocks, count, Kernel);
            LeafValues.Add(tree, leaves, count, OutputCount, scores[tree.Output..], Kernel);
        }
    }

    private void Prepare(RowSource source, int from, int count, Span<float> rows, Span<int> prepared)
    {
        for (var i = 0; i < count; i++)
        {
            var row = rows.Slice(i * FeatureCount, FeatureCount);
            source.CopyRow(from + i, row);
            _flat.Prepare(row, prepared[(i * _flat.PreparedWidth)..]);
        }
    }
}

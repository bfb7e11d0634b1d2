using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Explanation;

/// <summary>
/// A tree cut into parts: subtrees so small that a row meets one in one of at most 256 ways, a bit per distinct feature above it (all the path's
/// splits on it agree) and one per split in it (the row goes to the left). What a part contributes in each of these patterns is a row of a table
/// (Fast TreeSHAP v2, Yang 2021, for several leaves at once), so that a row costs one look-up per part. Without room for tables the same
/// sums are computed as they are needed. What every row passes through is compiled at its best at once: a busy server may never get round to it.
/// </summary>
internal sealed class TreeParts
{
    private const int Block = RankedTree.Block;

    /// <summary>Rows whose patterns are found in registers.</summary>
    private const int Registers = 4 * 32;
    private const int LineNumbers = NumberTable.CacheLine / sizeof(double);

    private readonly TreePaths _paths;
    private readonly TreeCut.Part[] _parts;
    private readonly TreeCut.Step[] _steps;
    private readonly int[] _features;
    private readonly int _mostPlayers;

    // What a row that comes alone has to know of the parts with tables, in few cache lines: first those whose pattern is a selection of bits.
    private readonly Lookup[] _lookups;
    private readonly int _selected;

    /// <summary>How many parts with tables follow each other that have so many players.</summary>
    private readonly (int Players, int Parts)[] _sizes;

    private NumberTable? _numbers;
    private int _first;

    public TreeParts(TreePaths paths)
    {
        _paths = paths;
        var cut = new TreeCut(paths);
        // Parts of one kind and size follow each other, so that their loops are foreseen; those without a table come last.
        _parts = [.. cut.Parts.OrderBy(p => (!p.IsTabled, p.Selected == 0, p.IsTabled ? p.Players : 0))];
        _steps = [.. cut.Steps];
        _features = [.. _parts.SelectMany(p => cut.Features.GetRange(p.FirstFeature, p.Players))];
        for (var (p, first) = (0, 0); p < _parts.Length; first += _parts[p++].Players)
            _parts[p] = _parts[p] with { FirstFeature = first };
        _lookups = [.. _parts.Where(p => p.IsTabled).Select(p => new Lookup(p.Selected, p.Table, p.Stride))];
        _selected = _lookups.Count(l => l.Selected != 0);
        _sizes = [.. _parts[.._lookups.Length].CountBy(p => (p.Selected == 0, p.Players)).Select(size => (size.Key.Players, size.Value))];
        TableNumbers = (cut.TableNumbers + LineNumbers - 1) / LineNumbers * LineNumbers;
        _mostPlayers = _parts.Length == 0 ? 0 : _parts.Max(p => p.Players);
    }

    public int Count => _parts.Length;

    /// <summary>Numbers that the tables take, in whole cache lines.</summary>
    public int TableNumbers { get; }

    private unsafe double* Table => _numbers is null ? null : _numbers.First + _first;

    /// <param name="numbers">Where the tables of all trees are; they stay alive with any of these.</param>
    /// <param name="first">Where this tree's begin.</param>
    public unsafe void BuildTables(NumberTable numbers, int first)
    {
        var masks = new byte[_paths.Splits.Length + 1];
        var room = new Room(_paths.MostPlayers);
        fixed (byte* mask = masks)
        {
            foreach (ref readonly var part in _parts.AsSpan())
            {
                for (var pattern = 0; part.IsTabled && pattern < 1 << part.Bits; pattern++)
                {
                    foreach (ref readonly var step in _steps.AsSpan(part.FirstStep, part.Steps))
                        mask[step.Mask] = (byte)((pattern & step.Bit) != 0 ? step.Agree : ~step.Agree);
                    Compute(part, mask, 1, new Span<double>(numbers.First + first + part.Table + pattern * part.Stride, part.Players), room);
                }
            }
        }
        (_first, _numbers) = (first, numbers);
    }

    /// <summary>Finds which rows of the tables one row of data needs, and asks for them ahead of their use: most are far from the processor.</summary>
    /// <param name="words">Per split a bit: whether the row goes to the left.</param>
    /// <param name="found">Per part where the row starts.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe void Find(ulong* words, int* found)
    {
        var table = Table;
        if (table == null || _lookups.Length == 0)
            return;
        var word = words[0];
        fixed (Lookup* lookups = _lookups)
        {
            for (var p = 0; p < _lookups.Length; p++)
            {
                var pattern = p < _selected ? KernelSelector.ExtractBits(word, lookups[p].Selected) : PatternOf(_parts[p], words);
                found[p] = lookups[p].Table + pattern * lookups[p].Stride;
                KernelSelector.Prefetch(table + found[p]);
            }
        }
    }

    private unsafe int PatternOf(in TreeCut.Part part, ulong* words)
    {
        var pattern = (1 << part.Bits) - 1;
        foreach (ref readonly var step in _steps.AsSpan(part.FirstStep, part.Steps))
            pattern &= (words[step.Mask >> 6] >> step.Mask & 1) == (step.Agree & 1UL) ? -1 : ~step.Bit;
        return pattern;
    }

    /// <summary>Adds weight × contributions of one row.</summary>
    /// <param name="found">What <see cref="Find"/> found.</param>
    /// <param name="to">The row's contributions to the tree's first output.</param>
    /// <param name="width">Numbers per output.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe void AddRow(ulong* words, int* found, double weight, double* to, int width)
    {
        var table = Table;
        var tabled = table == null ? 0 : _lookups.Length;
        fixed (int* all = _features)
        {
            var features = all;
            if (_paths.Tree.Width != 1)
            {
                byte first = 0;
                for (var p = 0; p < tabled; features += _parts[p++].Players)
                    Add(table + found[p], features, _parts[p], &first, 1, weight, to, width, 0);
            }
            else if (tabled > 0)
            {
                // Every part is below the root, whose feature is the first of each: its sum does not go through memory.
                var sum = to[*features];
                foreach (var (players, parts) in _sizes)
                {
                    for (var last = found + parts; found < last; found++, features += players)
                    {
                        sum += weight * table[*found];
                        AddOthers(table + *found, features, players, weight, to);
                    }
                }
                to[*all] = sum;
            }
        }
        if (tabled < _parts.Length)
            AddComputed(_parts.AsSpan(tabled), words, weight, to, width);
    }

    /// <summary>Adds what all players but the first get.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void AddOthers(double* add, int* features, int players, double weight, double* to)
    {
        switch (players)
        {
            case 8:
                to[features[7]] += weight * add[7];
                goto case 7;
            case 7:
                to[features[6]] += weight * add[6];
                goto case 6;
            case 6:
                to[features[5]] += weight * add[5];
                goto case 5;
            case 5:
                to[features[4]] += weight * add[4];
                goto case 4;
            case 4:
                to[features[3]] += weight * add[3];
                goto case 3;
            case 3:
                to[features[2]] += weight * add[2];
                goto case 2;
            case 2:
                to[features[1]] += weight * add[1];
                break;
        }
    }

    /// <summary>The same for a block of rows.</summary>
    /// <param name="masks">Per split <see cref="Block"/> bytes.</param>
    /// <param name="stride">Numbers from row to row.</param>
    [SkipLocalsInit]
    public unsafe void AddBlock(byte* masks, int count, double weight, double* to, int width, int stride)
    {
        var patterns = stackalloc byte[Block];
        var table = Table;
        fixed (int* features = _features)
        {
            for (var p = 0; p < _parts.Length; p++)
            {
                ref readonly var part = ref _parts[p];
                if (table == null || !part.IsTabled)
                {
                    AddComputed(_parts.AsSpan(p), masks, Block, count, weight, to, width, stride);
                    return;
                }
                for (var from = 0; from < count; from += Registers)
                    FindPatterns(part, masks + from, patterns + from);
                Add(table + part.Table, features + part.FirstFeature, part, patterns, count, weight, to, width, stride);
            }
        }
    }

    /// <summary>Which splits <see cref="Registers"/> rows agree with.</summary>
    private unsafe void FindPatterns(in TreeCut.Part part, byte* masks, byte* patterns)
    {
        var full = Vector256.Create((byte)((1 << part.Bits) - 1));
        var (a, b, c, d) = (full, full, full, full);
        foreach (ref readonly var step in _steps.AsSpan(part.FirstStep, part.Steps))
        {
            // Where a row disagrees, the bit is cleared.
            var bit = Vector256.Create(step.Bit);
            var agree = Vector256.Create(step.Agree);
            var mask = masks + step.Mask * Block;
            a = Vector256.AndNot(a, (Vector256.Load(mask) ^ agree) & bit);
            b = Vector256.AndNot(b, (Vector256.Load(mask + 32) ^ agree) & bit);
            c = Vector256.AndNot(c, (Vector256.Load(mask + 64) ^ agree) & bit);
            d = Vector256.AndNot(d, (Vector256.Load(mask + 96) ^ agree) & bit);
        }
        a.Store(patterns);
        b.Store(patterns + 32);
        c.Store(patterns + 64);
        d.Store(patterns + 96);
    }

    private unsafe void Add(
        double* table, int* features, in TreeCut.Part part, byte* patterns, int count, double weight, double* to, int width, int stride)
    {
        if (_paths.Tree.Width == 1)
        {
            Add(table, features, part, patterns, count, weight, to, stride);
            return;
        }
        var values = _paths.Tree.Value.AsSpan(_paths.Leaves[part.FirstLeaf].Node * _paths.Tree.Width, _paths.Tree.Width);
        for (var i = 0; i < count; i++)
        {
            for (var o = 0; o < values.Length; o++)
                Add(table, features, part, patterns + i, 1, weight * values[o], to + (long)i * stride + o * width, 0);
        }
    }

    /// <summary>The hot loop of blocks: a look-up for one row after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Add(double* table, int* features, in TreeCut.Part part, byte* patterns, int count, double weight, double* to, int stride)
    {
        var (players, step) = (part.Players, part.Stride);
        for (var i = 0; i < count; i++, to += stride)
        {
            var add = table + patterns[i] * step;
            AddOthers(add, features, players, weight, to);
            to[*features] += weight * *add;
        }
    }

    private unsafe void AddComputed(ReadOnlySpan<TreeCut.Part> parts, ulong* words, double weight, double* to, int width)
    {
        var masks = ArrayPool<byte>.Shared.Rent(_paths.Splits.Length + 1);
        for (var s = 0; s < _paths.Splits.Length; s++)
            masks[s] = (byte)(words[s >> 6] >> s & 1);
        fixed (byte* mask = masks)
            AddComputed(parts, mask, 1, 1, weight, to, width, 0);
        ArrayPool<byte>.Shared.Return(masks);
    }

    /// <summary>The same as by tables, from the definition.</summary>
    private unsafe void AddComputed(
        ReadOnlySpan<TreeCut.Part> parts, byte* masks, int maskStride, int count, double weight, double* to, int width, int stride)
    {
        var room = new Room(_paths.MostPlayers);
        var sums = ArrayPool<double>.Shared.Rent(_mostPlayers + 1);
        foreach (ref readonly var part in parts)
        {
            var own = sums.AsSpan(0, part.Players);
            var features = _features.AsSpan(part.FirstFeature, part.Players);
            for (var i = 0; i < count; i++)
            {
                Compute(part, masks + i, maskStride, own, room);
                for (var o = 0; o < _paths.Tree.Width; o++)
                {
                    var value = weight * (_paths.Tree.Width == 1 ? 1 : _paths.Tree.Value[_paths.Leaves[part.FirstLeaf].Node * _paths.Tree.Width + o]);
                    for (var p = 0; p < own.Length; p++)
                        to[(long)i * stride + o * width + features[p]] += value * own[p];
                }
            }
        }
        ArrayPool<double>.Shared.Return(sums);
    }

    /// <summary>What a part contributes where splits decide as the masks say; of a tree with several outputs, per unit of its leaf's values.</summary>
    private unsafe void Compute(in TreeCut.Part part, byte* masks, int maskStride, Span<double> sums, Room room)
    {
        sums.Clear();
        var features = _features.AsSpan(part.FirstFeature, part.Players);
        foreach (var leaf in _paths.Leaves.AsSpan(part.FirstLeaf, part.Leaves))
        {
            var ones = room.Ones.AsSpan(0, leaf.Features.Length);
            var values = room.Values.AsSpan(0, leaf.Features.Length);
            ones.Fill(true);
            values.Clear();
            foreach (ref readonly var step in leaf.Steps.AsSpan())
                ones[step.Player] &= masks[step.Mask * maskStride] != 0 == step.Left;
            LeafGame.Shapley(leaf.Zeros, ones, _paths.Tree.Width == 1 ? _paths.Tree.Value[leaf.Node] : 1, values, room.Polynomials);
            for (var i = 0; i < values.Length; i++)
                sums[features.IndexOf(leaf.Features[i])] += values[i];
        }
    }

    /// <param name="Selected">See <see cref="TreeCut.Part"/>.</param>
    private readonly record struct Lookup(ulong Selected, int Table, int Stride);

    private sealed class Room(int players)
    {
        public readonly bool[] Ones = new bool[players];
        public readonly double[] Values = new double[players];
        public readonly double[] Polynomials = new double[2 * (players + 1)];
    }
}

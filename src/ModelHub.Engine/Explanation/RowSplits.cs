using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>All splits of a tree decided for one row, a bit each; the answers are those of <see cref="Tree.GoesLeft"/>.</summary>
internal sealed class RowSplits
{
    /// <summary>So many features fit into two registers, from which sixteen splits get theirs at once.</summary>
    private const int FewFeatures = 32;
    private const int WordBits = 64;

    private readonly Tree _tree;
    private readonly int[] _splits;
    private readonly bool _isWide;

    // Per split, filled up to whole words: which of the values (see Double) is compared, and with what.
    private readonly int[] _values;
    private readonly float[] _thresholds;

    /// <summary>Where sixteen are compared at once, a bit per split that missing values pass to the left.</summary>
    private readonly ulong[] _missingLeft;

    /// <summary>Places of splits on categories.</summary>
    private readonly int[] _categories;

    public RowSplits(TreePaths paths, int featureCount, Kernel kernel)
    {
        (_tree, _splits) = (paths.Tree, paths.Splits);
        _isWide = featureCount <= FewFeatures && kernel == Kernel.Avx512;
        _categories = [.. Enumerable.Range(0, _splits.Length).Where(s => _tree.CategoryOffset[_splits[s]] >= 0)];
        (_values, _thresholds, _missingLeft) = (new int[Words * WordBits], new float[Words * WordBits], new ulong[Words]);
        for (var s = 0; s < _splits.Length; s++)
        {
            var node = _splits[s];
            (_values[s], _thresholds[s]) = (_tree.Feature[node] + (_tree.MissingLeft[node] && !_isWide ? featureCount : 0), _tree.Threshold[node]);
            _missingLeft[s / WordBits] |= _tree.MissingLeft[node] ? 1UL << s : 0;
        }
    }

    /// <summary>Words that the bits take.</summary>
    public int Words => (_splits.Length + WordBits - 1) / WordBits;

    /// <summary>Numbers that a row has to lie in, doubled and beyond that.</summary>
    public static int RoomOf(int featureCount) => Math.Max(2 * featureCount, FewFeatures);

    /// <summary>Writes the features of a row a second time behind the first, with missing values so small that they go to the left of every number.</summary>
    public static void Double(Span<float> values)
    {
        var count = values.Length / 2;
        for (var f = 0; f < count; f++)
            values[count + f] = float.IsNaN(values[f]) ? float.NegativeInfinity : values[f];
    }

    /// <param name="values">See <see cref="Double"/> and <see cref="RoomOf"/>.</param>
    /// <param name="words">A bit per split, set where the row goes to the left; those beyond the last split mean nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe void Decide(float* values, ulong* words)
    {
        fixed (int* places = _values)
        fixed (float* thresholds = _thresholds)
        {
            for (var word = 0; word < _missingLeft.Length; word++)
            {
                var from = word * WordBits;
                words[word] = _isWide ? DecideWide(values, places + from, thresholds + from, _missingLeft[word])
                    : DecideEach(values, places + from, thresholds + from, Math.Min(WordBits, _splits.Length - from));
            }
        }
        foreach (var s in _categories)
        {
            var node = _splits[s];
            var left = _tree.GoesLeft(node, values[_tree.Feature[node]]) ? 1UL : 0;
            words[s >> 6] = words[s >> 6] & ~(1UL << s) | left << s;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe ulong DecideEach(float* values, int* places, float* thresholds, int count)
    {
        var word = 0UL;
        for (var s = count - 1; s >= 0; s--)
        {
            var left = values[places[s]] <= thresholds[s];
            word = word << 1 | *(byte*)&left;
        }
        return word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe ulong DecideWide(float* values, int* places, float* thresholds, ulong missingLeft)
    {
        var (low, high) = (Vector512.Load(values), Vector512.Load(values + Vector512<float>.Count));
        var (left, missing) = (0UL, 0UL);
        for (var s = 0; s < WordBits; s += Vector512<float>.Count)
        {
            var value = Avx512F.PermuteVar16x32x2(low, Vector512.Load(places + s), high);
            left |= Vector512.LessThanOrEqual(value, Vector512.Load(thresholds + s)).ExtractMostSignificantBits() << s;
            missing |= Vector512.IsNaN(value).ExtractMostSignificantBits() << s;
        }
        return left | missing & missingLeft;
    }
}

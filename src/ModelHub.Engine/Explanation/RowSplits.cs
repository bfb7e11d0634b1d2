using System.Runtime.CompilerServices;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>All splits of a tree decided for one row, a bit each; the answers are those of <see cref="Tree.GoesLeft"/>.</summary>
internal sealed class RowSplits
{
    private readonly Tree _tree;
    private readonly int[] _splits;
    private readonly Numeric[] _numeric;

    /// <summary>Places of splits on categories.</summary>
    private readonly int[] _categories;

    public RowSplits(TreePaths paths, int featureCount)
    {
        (_tree, _splits) = (paths.Tree, paths.Splits);
        _categories = [.. Enumerable.Range(0, _splits.Length).Where(s => _tree.CategoryOffset[_splits[s]] >= 0)];
        _numeric = [.. _splits.Select(n => new Numeric(_tree.Feature[n] + (_tree.MissingLeft[n] ? featureCount : 0), _tree.Threshold[n]))];
    }

    /// <summary>Words that the bits take.</summary>
    public int Words => (_splits.Length + 63) / 64;

    /// <summary>Writes the features of a row a second time behind the first, with missing values so small that they go to the left of every number.</summary>
    public static void Double(Span<float> values)
    {
        var count = values.Length / 2;
        for (var f = 0; f < count; f++)
            values[count + f] = float.IsNaN(values[f]) ? float.NegativeInfinity : values[f];
    }

    /// <param name="values">See <see cref="Double"/>.</param>
    /// <param name="words">A bit per split, set where the row goes to the left.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public unsafe void Decide(float* values, ulong* words)
    {
        fixed (Numeric* splits = _numeric)
        {
            for (var from = 0; from < _numeric.Length; from += 64)
            {
                var word = 0UL;
                for (var s = Math.Min(from + 64, _numeric.Length) - 1; s >= from; s--)
                {
                    var left = values[splits[s].Value] <= splits[s].Threshold;
                    word = word << 1 | *(byte*)&left;
                }
                words[from >> 6] = word;
            }
        }
        foreach (var s in _categories)
        {
            var node = _splits[s];
            var left = _tree.GoesLeft(node, values[_tree.Feature[node]]) ? 1UL : 0;
            words[s >> 6] = words[s >> 6] & ~(1UL << s) | left << s;
        }
    }

    /// <param name="Value">Which of the doubled values.</param>
    private readonly record struct Numeric(int Value, float Threshold);
}

using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>Which rows a tree learns from: a function of the seed, the tree and the row.</summary>
internal static class RowSample
{
    public static bool Contains(int row, double rate, ulong seed, int tree)
        => (SeededRandom.Derive(seed ^ 0xA5A5A5A5, (ulong)tree << 32 | (uint)row) >> 11) * (1.0 / (1UL << 53)) < rate;

    /// <summary>Copies a tree's rows, ascending, to the front of the target; returns how many there are, at least one.</summary>
    public static int Draw(int[] rows, double rate, ulong seed, int tree, int[] target)
    {
        if (rate >= 1)
        {
            rows.CopyTo(target, 0);
            return rows.Length;
        }
        var count = 0;
        foreach (var row in rows)
        {
            if (Contains(row, rate, seed, tree))
                target[count++] = row;
        }
        if (count == 0)
            target[count++] = rows[tree % rows.Length];
        return count;
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>Rows that boosting holds out to find the number of trees.</summary>
internal static class HeldOutRows
{
    /// <summary>More rows do not make the number of trees any surer.</summary>
    public const int MostHeld = 50_000;

    /// <summary>Cuts rows into folds with the labels spread evenly: by label and then by chance they are dealt out in turn.</summary>
    /// <returns>Per fold the rows outside and in it, both ascending.</returns>
    public static (int[] Train, int[] Held)[] Divide(TrainingSet set, int[] rows, int folds, ulong seed)
    {
        var keys = Array.ConvertAll(rows, row => (set.Labels[row], SeededRandom.Derive(seed ^ 0xF01D, (ulong)row)));
        var order = Enumerable.Range(0, rows.Length).ToArray();
        Array.Sort(keys, order);
        var foldOf = new int[rows.Length];
        for (var i = 0; i < order.Length; i++)
            foldOf[order[i]] = i % folds;
        return [.. Enumerable.Range(0, Math.Min(folds, rows.Length)).Select(k => (
            rows.Where((_, i) => foldOf[i] != k).ToArray(), rows.Where((_, i) => foldOf[i] == k).ToArray()))];
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Search;

/// <summary>Which rows are learned from and which are held back.</summary>
public sealed record Fold(int[] Train, int[] Held)
{
    /// <summary>Seeded folds over the labelled rows, each class spread evenly over them.</summary>
    public static Fold[] Split(double[] labels, TaskKind task, int count, ulong seed)
    {
        var rows = Enumerable.Range(0, labels.Length).Where(r => !double.IsNaN(labels[r])).ToArray();
        if (rows.Length < 4)
            throw new EngineException($"There are {rows.Length} rows with a label; at least 4 are needed.");
        count = Math.Clamp(count, 2, rows.Length / 2);
        var random = new SeededRandom(seed);
        random.Shuffle<int>(rows);
        if (task != TaskKind.Regression)
            rows = [.. rows.OrderBy(r => labels[r])];
        var foldOf = new int[labels.Length];
        Array.Fill(foldOf, -1);
        for (var i = 0; i < rows.Length; i++)
            foldOf[rows[i]] = i % count;
        return [.. Enumerable.Range(0, count).Select(k => new Fold(
            [.. Enumerable.Range(0, labels.Length).Where(r => foldOf[r] >= 0 && foldOf[r] != k)],
            [.. Enumerable.Range(0, labels.Length).Where(r => foldOf[r] == k)]))];
    }
}

using System.Globalization;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Search;

/// <summary>Which rows are learned from and which are held back; rows without a label are in neither.</summary>
public sealed record Fold(int[] Train, int[] Held)
{
    public const int Usual = 5;
    private const int MostFolds = 50;
    private const int LeastRows = 4;
    private const long ManyCells = 10_000_000;
    private const int MostHeld = 100_000;

    /// <summary>The folds that options ask for: given by a column, by groups, by time, or drawn.</summary>
    /// <exception cref="EngineException">They cannot be made; the message names the column and the row.</exception>
    internal static Fold[] Of(Table table, double[] labels, TaskKind task, AutoMlOptions options, int features)
    {
        var rows = Enumerable.Range(0, labels.Length).Where(r => !double.IsNaN(labels[r])).ToArray();
        if (rows.Length < LeastRows)
            throw new EngineException($"There are {rows.Length} rows with a label; at least {LeastRows} are needed.");
        var seed = SeededRandom.Derive(options.Seed, 0);
        var count = options.Folds ?? Usual;
        if (options.FoldColumn is { } given)
            return ByColumn(Column(table, given), rows);
        if (options.GroupColumn is { } groups)
            return ByGroup(Column(table, groups), rows, count, seed);
        if (options.TimeColumn is { } time)
            return ByTime(Column(table, time), rows, count);
        var folds = Split(labels, task, count, seed);
        // Much data: one fold tells as much, and the time goes into better models.
        return options.Folds is null && UsualCount(rows.Length, features) == 1 ? [Holdout(folds[0])] : folds;
    }

    /// <summary>How many folds there are unless another number is asked for.</summary>
    public static int UsualCount(long rows, int features) => rows * features > ManyCells ? 1 : Usual;

    /// <summary>Seeded folds over the labelled rows, each class spread evenly over them.</summary>
    public static Fold[] Split(double[] labels, TaskKind task, int count, ulong seed)
    {
        var rows = Enumerable.Range(0, labels.Length).Where(r => !double.IsNaN(labels[r])).ToArray();
        count = Math.Clamp(count, 2, Math.Max(2, rows.Length / 2));
        new SeededRandom(seed).Shuffle<int>(rows);
        if (task != TaskKind.Regression)
            rows = [.. rows.OrderBy(r => labels[r])];
        var foldOf = new int[labels.Length];
        for (var i = 0; i < rows.Length; i++)
            foldOf[rows[i]] = i % count;
        return Make(rows, foldOf, count);
    }

    private static Fold Holdout(Fold fold)
    {
        if (fold.Held.Length <= MostHeld)
            return fold;
        // Held rows are ascending: every so-manieth is kept, so that all of the file is seen.
        var kept = Enumerable.Range(0, MostHeld).Select(i => fold.Held[(int)((long)i * fold.Held.Length / MostHeld)]).ToHashSet();
        return new Fold([.. fold.Train.Concat(fold.Held.Where(r => !kept.Contains(r))).Order()], [.. kept.Order()]);
    }

    /// <summary>A fold per value.</summary>
    private static Fold[] ByColumn(Column column, int[] rows)
    {
        var numbers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            var name = Cell.Text(column, row) ?? throw new EngineException($"Column '{column.Name}' names no fold in row {row + 1}.");
            numbers.TryAdd(name, 0);
            if (numbers.Count > MostFolds)
                throw new EngineException($"Column '{column.Name}' names more than {MostFolds} folds.");
        }
        if (numbers.Count < 2)
            throw new EngineException($"Column '{column.Name}' names one fold only ('{numbers.Keys.First()}'); there must be at least 2.");
        foreach (var (name, at) in numbers.Keys.ToArray().Select((name, at) => (name, at)))
            numbers[name] = at;
        var foldOf = new int[column.Length];
        foreach (var row in rows)
            foldOf[row] = numbers[Cell.Text(column, row)!];
        return Make(rows, foldOf, numbers.Count);
    }

    /// <summary>All rows of a group are in one fold, the largest groups placed first, each into the smallest fold.</summary>
    private static Fold[] ByGroup(Column column, int[] rows, int count, ulong seed)
    {
        var shuffled = (int[])rows.Clone();
        new SeededRandom(seed).Shuffle<int>(shuffled);
        // A row without a group is a group of its own.
        var groups = shuffled.GroupBy(r => Cell.Text(column, r) is { } name ? "g" + name : "r" + r.ToString(CultureInfo.InvariantCulture), StringComparer.Ordinal)
            .OrderByDescending(g => g.Count()).ToList();
        if (groups.Count < 2)
            throw new EngineException($"Column '{column.Name}' holds one group only; folds by group need at least 2.");
        count = Math.Clamp(count, 2, groups.Count);
        var (foldOf, sizes) = (new int[column.Length], new int[count]);
        foreach (var group in groups)
        {
            var to = Array.IndexOf(sizes, sizes.Min());
            foreach (var row in group)
                foldOf[row] = to;
            sizes[to] += group.Count();
        }
        return Make(rows, foldOf, count);
    }

    /// <summary>Blocks of time: each is held back once, and learned from are only the rows before it.</summary>
    private static Fold[] ByTime(Column column, int[] rows, int count)
    {
        var times = new double[column.Length];
        foreach (var row in rows)
        {
            times[row] = Cell.Number(column, row);
            if (double.IsNaN(times[row]))
                throw new EngineException($"Column '{column.Name}' has no time in row {row + 1}.");
        }
        var sorted = rows.OrderBy(r => times[r]).ThenBy(r => r).ToArray();
        count = Math.Clamp(count, 2, Math.Max(2, sorted.Length / 4));
        var folds = new List<Fold>();
        for (var k = 1; k <= count; k++)
        {
            var (from, to) = (sorted.Length * k / (count + 1), sorted.Length * (k + 1) / (count + 1));
            // Rows of one moment are not torn apart.
            while (from < to && from > 0 && times[sorted[from]] == times[sorted[from - 1]])
                from++;
            while (to < sorted.Length && to > from && times[sorted[to]] == times[sorted[to - 1]])
                to++;
            if (from > 0 && to > from)
                folds.Add(new Fold([.. sorted[..from].Order()], [.. sorted[from..to].Order()]));
        }
        return folds.Count > 0 ? [.. folds] : throw new EngineException($"Column '{column.Name}' holds one moment only; folds by time need more.");
    }

    private static Fold[] Make(int[] rows, int[] foldOf, int count)
    {
        var sorted = rows.Order().ToArray();
        return [.. Enumerable.Range(0, count).Select(k => new Fold(
            [.. sorted.Where(r => foldOf[r] != k)], [.. sorted.Where(r => foldOf[r] == k)])).Where(f => f.Held.Length > 0 && f.Train.Length > 0)];
    }

    private static Column Column(Table table, string name) => table.Find(name) ?? throw new EngineException($"There is no column '{name}'.");
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Categories with many levels as numbers: the mean label of a category, for a training row that of the rows before it in a drawn order
/// (ordered target statistics, Prokhorenkova et al. 2018), so that no row sees its own label. Trees grown on them become trees on sets of
/// categories again: a category is in a set exactly when its statistic is on that side of the threshold.
/// </summary>
internal sealed class TargetStatistics
{
    /// <summary>Levels from which on a category has statistics; with fewer, sets of categories are found directly.</summary>
    public const int ManyLevels = 100;
    private const int MostClasses = 8;
    private const double PriorRows = 2;
    private readonly List<(int Feature, float[] Table)> _added = [];
    private readonly int _features;

    private TargetStatistics(TrainingSet set, int[] train, ulong seed)
    {
        _features = set.Features.FeatureCount;
        var features = set.Features.Features.ToList();
        var dense = Enumerable.Range(0, _features).Select(set.Features.Dense).ToList();
        var sparse = Enumerable.Range(0, _features).Select(set.Features.Sparse).ToList();
        var order = (int[])train.Clone();
        new SeededRandom(seed, 0x75, 0).Shuffle<int>(order);
        for (var f = 0; f < _features; f++)
        {
            if (features[f].Cardinality < ManyLevels)
                continue;
            for (var k = set.Task == TaskKind.Multiclass ? 0 : -1; k < (set.Task == TaskKind.Multiclass ? Math.Min(set.ClassCount, MostClasses) : 0); k++)
            {
                var column = new float[set.Features.RowCount];
                _added.Add((f, Fill(set, f, k, order, column)));
                features.Add(new Feature($"{features[f].Name}|{_added.Count}", features[f].Source, 0));
                dense.Add(column);
                sparse.Add(null);
            }
        }
        Set = new TrainingSet(new FeatureMatrix(features, [.. dense], [.. sparse], set.Features.RowCount), set.Labels, set.Task, set.ClassCount, set.Weights);
    }

    /// <summary>All rows with the statistics as further features; rows outside training have those of all training rows.</summary>
    public TrainingSet Set { get; }

    /// <summary>Null when no category has many levels.</summary>
    public static TargetStatistics? Of(TrainingSet set, int[] train, ulong seed) =>
        set.Features.Features.Any(f => f.Cardinality >= ManyLevels) ? new TargetStatistics(set, train, seed) : null;

    /// <summary>A forest over the features with statistics as one over those without.</summary>
    public Forest Fold(Forest forest) => new([.. forest.Trees.Select(Fold)], forest.Base, _features, forest.Link);

    private Tree Fold(Tree tree)
    {
        var (feature, missing) = ((int[])tree.Feature.Clone(), (bool[])tree.MissingLeft.Clone());
        var (offsets, words) = ((int[])tree.CategoryOffset.Clone(), (int[])tree.CategoryWords.Clone());
        var bits = tree.CategoryBits.ToList();
        var made = new Dictionary<(int, float), (int Offset, int Words)>();
        for (var n = 0; n < tree.NodeCount; n++)
        {
            if (feature[n] < _features)
                continue;
            var (original, table) = _added[feature[n] - _features];
            if (!made.TryGetValue((feature[n], tree.Threshold[n]), out var set))
            {
                var left = new uint[(table.Length + 31) / 32];
                for (var c = 0; c < table.Length - 1; c++)
                {
                    if (table[c] <= tree.Threshold[n])
                        left[c >> 5] |= 1u << (c & 31);
                }
                set = (bits.Count, Array.FindLastIndex(left, w => w != 0) + 1);
                made.Add((feature[n], tree.Threshold[n]), set);
                bits.AddRange(left.AsSpan(0, set.Words));
            }
            (feature[n], offsets[n], words[n]) = (original, set.Offset, set.Words);
            missing[n] = table[^1] <= tree.Threshold[n];
        }
        return new Tree
        {
            Output = tree.Output, Width = tree.Width, Feature = feature, Threshold = tree.Threshold, Left = tree.Left, Right = tree.Right,
            MissingLeft = missing, CategoryOffset = offsets, CategoryWords = words, CategoryBits = [.. bits], Value = tree.Value,
            Cover = tree.Cover, Gain = tree.Gain,
        };
    }

    /// <summary>Writes a feature's statistics and returns them by code, the last one for what is missing or unknown.</summary>
    private static float[] Fill(TrainingSet set, int feature, int label, int[] order, float[] column)
    {
        double Target(int row) => label < 0 ? set.Labels[row] : set.Labels[row] == label ? 1 : 0;
        double Weight(int row) => set.Weights is null ? 1 : set.Weights[row];
        var cardinality = set.Features.Features[feature].Cardinality;
        double all = 0, weights = 0;
        foreach (var row in order)
            (all, weights) = (all + Weight(row) * Target(row), weights + Weight(row));
        var prior = weights > 0 ? all / weights : 0;
        var (sums, counts) = (new double[cardinality + 1], new double[cardinality + 1]);
        int Code(int row) => set.Features[row, feature] is var value && value >= 0 && value < cardinality ? (int)value : cardinality;
        float Of(int code) => (float)((sums[code] + PriorRows * prior) / (counts[code] + PriorRows));
        var seen = new bool[column.Length];
        foreach (var row in order)
        {
            var code = Code(row);
            column[row] = Of(code);
            seen[row] = true;
            sums[code] += Weight(row) * Target(row);
            counts[code] += Weight(row);
        }
        for (var row = 0; row < column.Length; row++)
        {
            if (!seen[row])
                column[row] = Of(Code(row));
        }
        return [.. Enumerable.Range(0, cardinality + 1).Select(Of)];
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Tests.Trees;

/// <summary>Small made-up data with numbers, missing cells, a category and a sparse column.</summary>
internal static class Sets
{
    public static TrainingSet Make(TaskKind task, int rows, ulong seed = 1, double missing = 0.1, double[]? weights = null)
    {
        var random = new SeededRandom(seed);
        var columns = new float[]?[5];
        for (var f = 0; f < 4; f++)
            columns[f] = new float[rows];
        var (sparseRows, sparseValues) = (new List<int>(), new List<float>());
        var labels = new double[rows];
        for (var r = 0; r < rows; r++)
        {
            for (var f = 0; f < 3; f++)
                columns[f]![r] = (float)(random.NextDouble() * 4 - 2);
            var code = random.Below(12);
            columns[3]![r] = code;
            var sparse = random.NextDouble() < 0.2 ? (float)random.NextDouble() + 0.5f : 0;
            if (sparse != 0)
            {
                sparseRows.Add(r);
                sparseValues.Add(sparse);
            }
            var value = columns[0]![r] * columns[1]![r] + (code % 3 == 0 ? 1.5 : -0.5) + 2 * sparse + 0.3 * (random.NextDouble() - 0.5);
            if (random.NextDouble() < missing)
            {
                columns[2]![r] = float.NaN;
                value += 1;
            }
            labels[r] = task switch
            {
                TaskKind.Binary => value > 0.4 ? 1 : 0,
                TaskKind.Multiclass => value < -0.5 ? 0 : value < 1 ? 1 : 2,
                TaskKind.Regression => value,
            };
        }
        var sparseColumns = new SparseValues?[5];
        sparseColumns[4] = new SparseValues([.. sparseRows], [.. sparseValues]);
        Feature[] features = [new("a", "a", 0), new("b", "b", 0), new("c", "c", 0), new("d", "d", 12), new("e", "e", 0)];
        var classes = task switch { TaskKind.Binary => 2, TaskKind.Multiclass => 3, TaskKind.Regression => 0 };
        return new TrainingSet(new FeatureMatrix(features, columns, sparseColumns, rows), labels, task, classes, weights);
    }

    public static double[] Scores(IModel model, TrainingSet set)
    {
        var scores = new double[set.Features.RowCount * model.OutputCount];
        model.Score(set.Features, Enumerable.Range(0, set.Features.RowCount).ToArray(), scores);
        return scores;
    }

    /// <summary>Every bit of a forest.</summary>
    public static string Bits(IModel model)
    {
        var forest = (Engine.Trees.Forest)model;
        var text = new System.Text.StringBuilder(string.Join(',', forest.Base.Select(BitConverter.DoubleToInt64Bits)));
        foreach (var tree in forest.Trees)
        {
            text.AppendJoin(',', tree.Feature).AppendJoin(',', tree.Threshold.Select(BitConverter.SingleToInt32Bits))
                .AppendJoin(',', tree.Value.Select(BitConverter.SingleToInt32Bits)).AppendJoin(',', tree.CategoryBits)
                .AppendJoin(',', tree.MissingLeft).AppendJoin(',', tree.Cover.Select(BitConverter.DoubleToInt64Bits));
        }
        return text.ToString();
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Golden;

/// <summary>
/// An artifact that was written once and is kept: every later version must read it and predict the same bits. It is never written over;
/// a new version of the format gets a new file.
/// </summary>
internal static class GoldenArtifact
{
    public const string Name = "blend-v1";

    /// <summary>A blend of boosted trees, a forest and a linear model over numbers, a category and a date, and what it predicts.</summary>
    public static string Write(string folder)
    {
        var table = Rows(600, 1);
        var labels = new double[600];
        for (var r = 0; r < labels.Length; r++)
            labels[r] = Cell.Number(table.Columns[0], r) > 0.2 || Cell.Text(table.Columns[1], r) == "red" ? 1 : 0;
        var (plan, _) = FeaturePlan.Learn(table, "target", new HashSet<string>(), new HashSet<string>());
        var set = new TrainingSet(plan.Apply(table), labels, TaskKind.Binary, 2);
        var boosted = new GradientBoostedTrees(new BoostingOptions { Trees = 8, MaxLeaves = 8, MinRows = 5 }).Fit(set, new FitContext { Seed = 1, Threads = 1 });
        var other = new GradientBoostedTrees(new BoostingOptions { Trees = 5, MaxDepth = 3, MaxLeaves = 0, MinRows = 5 }).Fit(set, new FitContext { Seed = 2, Threads = 1 });
        var linear = new GeneralizedLinear(new LinearOptions()).Fit(set, new FitContext { Seed = 3, Threads = 1 });
        var model = new TrainedModel(
            new ModelHeader("StackedEnsemble", TaskKind.Binary, "target", ["no", "yes"], 0.4, plan.Inputs), new Blend([boosted, other, linear], [0.5, 0.3, 0.2]));
        File.WriteAllBytes(Path.Combine(folder, Name + ".mhm"), model.ToArtifact());
        File.WriteAllLines(Path.Combine(folder, Name + ".txt"), Predictions(model));
        return $"{Name}.mhm and {Name}.txt are in {folder}.";
    }

    /// <summary>Bits of predictions and contributions of rows of its own, a row per line.</summary>
    public static IEnumerable<string> Predictions(TrainedModel model)
    {
        var table = Rows(40, 2);
        var predicted = model.Predict(table);
        var features = model.Prepare(table);
        var row = new float[model.FeatureCount];
        for (var r = 0; r < table.RowCount; r++)
        {
            features.CopyRow(r, row);
            var (columns, bias) = model.Contributions(row, 0);
            yield return string.Join(' ', predicted.AsSpan(2 * r, 2).ToArray().Append(bias).Concat(columns.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Value))
                .Select(v => BitConverter.DoubleToInt64Bits(v).ToString("x16", System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    private static Table Rows(int count, ulong seed)
    {
        var random = new SeededRandom(seed);
        var (numbers, codes, dates) = (new double[count], new int[count], new double[count]);
        for (var r = 0; r < count; r++)
        {
            numbers[r] = random.Below(9) == 0 ? double.NaN : random.NextDouble() * 2 - 1;
            codes[r] = random.Below(6) - 1;
            dates[r] = random.Below(9) == 0 ? double.NaN : random.Below(2_000_000_000);
        }
        return new Table(
            [
                new NumericColumn("number", ColumnKind.Numeric, numbers),
                new CategoryColumn("colour", codes, ["red", "green", "blue", "grey", "black"]),
                new NumericColumn("moment", ColumnKind.Date, dates),
            ],
            count);
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Trees;

public class GradientBoostedTreesTests
{
    private static readonly BoostingOptions Small = new()
    {
        Trees = 20, LearnRate = 0.2, MinRows = 5, SampleRate = 1, ColumnSampleRatePerTree = 1,
    };

    [Theory]
    [InlineData(TaskKind.Binary)]
    [InlineData(TaskKind.Multiclass)]
    [InlineData(TaskKind.Regression)]
    public void Learns_what_the_labels_follow(TaskKind task)
    {
        var set = Sets.Make(task, 3000);
        var model = new GradientBoostedTrees(Small with { Trees = 100 }).Fit(set, new FitContext { Seed = 1, Threads = 2 });
        var other = Sets.Make(task, 1000, seed: 2);
        var scores = Sets.Scores(model, other);
        var right = 0;
        var squares = 0.0;
        for (var r = 0; r < 1000; r++)
        {
            var row = scores.AsSpan(r * model.OutputCount, model.OutputCount);
            var best = task == TaskKind.Binary ? (row[0] > 0 ? 1 : 0) : row.IndexOf(row.ToArray().Max());
            right += best == other.Labels[r] ? 1 : 0;
            squares += task == TaskKind.Regression ? (row[0] - other.Labels[r]) * (row[0] - other.Labels[r]) : 0;
        }
        Assert.True(task == TaskKind.Regression ? squares / 1000 < 0.15 : right > 900, $"{right} right, {squares / 1000} mean square");
    }

    [Theory]
    [InlineData(TaskKind.Binary, 1, 1)]
    [InlineData(TaskKind.Multiclass, 0.7, 1)]
    [InlineData(TaskKind.Regression, 0.7, 0.5)]
    public void Same_seed_gives_the_same_bits_at_any_number_of_threads(TaskKind task, double sample, double columns)
    {
        var set = Sets.Make(task, 20_000);
        var options = Small with { Trees = 5, SampleRate = sample, ColumnSampleRatePerNode = columns };
        string Fit(int threads) => Sets.Bits(new GradientBoostedTrees(options).Fit(set, new FitContext { Seed = 9, Threads = threads }));
        var one = Fit(1);
        Assert.Equal(one, Fit(2));
        Assert.Equal(one, Fit(4));
    }

    [Fact]
    public void Only_the_named_rows_are_learned_from()
    {
        var set = Sets.Make(TaskKind.Regression, 2000);
        var rows = Enumerable.Range(0, 2000).Where(r => r % 3 != 0).ToArray();
        var spoiled = (double[])set.Labels.Clone();
        for (var r = 0; r < 2000; r += 3)
            spoiled[r] = 1e6;
        var a = new GradientBoostedTrees(Small).Fit(set.With(rows), new FitContext());
        var b = new GradientBoostedTrees(Small).Fit(new TrainingSet(set.Features, spoiled, set.Task, 0, null, rows), new FitContext());
        Assert.Equal(Sets.Bits(a), Sets.Bits(b));
    }

    [Fact]
    public void A_weight_of_two_is_a_row_twice()
    {
        var set = Sets.Make(TaskKind.Regression, 600, weights: [.. Enumerable.Range(0, 600).Select(r => r % 4 == 0 ? 2.0 : 1.0)]);
        var rows = Enumerable.Range(0, 600).SelectMany(r => r % 4 == 0 ? new[] { r, r } : [r]).ToArray();
        var columns = Enumerable.Range(0, 5).Select(f => rows.Select(r => set.Features[r, f]).ToArray()).ToArray();
        var twice = new TrainingSet(
            new FeatureMatrix(set.Features.Features, columns, rows.Length), [.. rows.Select(r => set.Labels[r])], TaskKind.Regression, 0);
        // Few values per feature, so that the quantiles of both matrices are the same bins.
        var options = Small with { MinRows = 1, Trees = 10, MaxLeaves = 4, MinChildWeight = 20 };
        var a = Sets.Scores(new GradientBoostedTrees(options).Fit(Rounded(set), new FitContext()), set);
        var b = Sets.Scores(new GradientBoostedTrees(options).Fit(Rounded(twice), new FitContext()), set);
        for (var r = 0; r < 600; r++)
            Assert.Equal(a[r], b[r], 1e-4);
    }

    [Fact]
    public void The_order_of_columns_does_not_matter()
    {
        var set = Sets.Make(TaskKind.Binary, 2000);
        int[] order = [3, 1, 4, 0, 2];
        var columns = order.Select(f => Enumerable.Range(0, 2000).Select(r => set.Features[r, f]).ToArray()).ToArray();
        var other = new TrainingSet(
            new FeatureMatrix([.. order.Select(f => set.Features.Features[f])], columns, 2000), set.Labels, set.Task, 2);
        // Large leaves: two features that divide a few rows alike are a tie, which the first of them wins.
        var options = Small with { Trees = 5, MinRows = 100, MaxLeaves = 8 };
        var a = (Forest)new GradientBoostedTrees(options).Fit(set, new FitContext());
        var b = (Forest)new GradientBoostedTrees(options).Fit(other, new FitContext());
        Assert.Equal(Sets.Scores(a, set), Sets.Scores(b, other));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Monotone_constraints_hold_everywhere(int direction)
    {
        var set = Sets.Make(TaskKind.Regression, 2000);
        var model = new GradientBoostedTrees(Small with { MonotoneConstraints = [direction, 0, 0, 0, 0] }).Fit(set, new FitContext());
        Span<double> score = stackalloc double[1];
        var row = new float[5];
        for (var r = 0; r < 300; r++)
        {
            set.Features.CopyRow(r, row);
            var last = double.NegativeInfinity;
            for (var x = -2.2f; x < 2.2f; x += 0.05f)
            {
                row[0] = direction * x;
                model.Score(row, score);
                Assert.True(score[0] >= last - 1e-6);
                last = score[0];
            }
        }
    }

    [Theory]
    [InlineData(LossKind.Absolute)]
    [InlineData(LossKind.Huber)]
    [InlineData(LossKind.Quantile)]
    [InlineData(LossKind.Poisson)]
    [InlineData(LossKind.Tweedie)]
    [InlineData(LossKind.Gamma)]
    public void Every_loss_of_values_gets_smaller(LossKind kind)
    {
        var set = Sets.Make(TaskKind.Regression, 1500);
        var positive = new TrainingSet(set.Features, Array.ConvertAll(set.Labels, v => Math.Exp(v / 2)), TaskKind.Regression, 0);
        var losses = new List<double>();
        new GradientBoostedTrees(Small with { Loss = kind, LossAlpha = 0.7 })
            .Fit(positive, new FitContext { Progress = step => losses.Add(step.TrainingLoss) });
        Assert.Equal(20, losses.Count);
        Assert.True(losses[^1] < losses[0]);
        Assert.All(losses.Zip(losses.Skip(1)), pair => Assert.True(pair.Second <= pair.First + 1e-9));
    }

    [Fact]
    public void A_quantile_has_its_share_of_labels_below()
    {
        var set = Sets.Make(TaskKind.Regression, 2000);
        var model = new GradientBoostedTrees(Small with { Loss = LossKind.Quantile, LossAlpha = 0.8, Trees = 60 }).Fit(set, new FitContext());
        var scores = Sets.Scores(model, set);
        var below = Enumerable.Range(0, 2000).Count(r => set.Labels[r] <= scores[r]) / 2000.0;
        Assert.InRange(below, 0.75, 0.85);
    }

    [Fact]
    public void Stops_early_and_keeps_the_best()
    {
        var set = Sets.Make(TaskKind.Binary, 600);
        var rows = Enumerable.Range(0, 600).ToArray();
        var curve = new List<double>();
        var context = new FitContext { ValidationRows = rows[400..], Progress = step => curve.Add(step.ValidationLoss) };
        var model = (Forest)new GradientBoostedTrees(Small with { Trees = 2000, LearnRate = 0.3, EarlyStoppingRounds = 10 }).Fit(set.With(rows[..400]), context);
        Assert.Equal(curve.IndexOf(curve.Min()) + 1, model.Trees.Count);
        Assert.Equal(model.Trees.Count + 10, curve.Count);
    }

    [Theory]
    [InlineData(TaskKind.Binary)]
    [InlineData(TaskKind.Regression)]
    public void Without_validation_rows_it_finds_the_number_of_trees_and_learns_from_all_rows(TaskKind task)
    {
        var set = Noisy(task, 700);
        var options = Small with { Trees = 400, EarlyStoppingRounds = 10 };
        Forest Fit(int threads) => (Forest)new GradientBoostedTrees(options).Fit(set, new FitContext { Seed = 3, Threads = threads });
        var found = Fit(1);
        Assert.InRange(found.Trees.Count, 1, 200);
        Assert.Equal(700, found.Trees[0].Cover[0]);
        Assert.Equal(Sets.Bits(found), Sets.Bits(Fit(3)));
        var all = (Forest)new GradientBoostedTrees(options with { EarlyStoppingRounds = 0 }).Fit(set, new FitContext { Seed = 3 });
        Assert.Equal(400, all.Trees.Count);
        var fresh = Noisy(task, 5000, 77);
        Assert.True(Error(found, fresh) < Error(all, fresh));

        static double Error(IModel model, TrainingSet set)
            => Sets.Scores(model, set).Zip(set.Labels, (s, y) => set.Task == TaskKind.Regression ? (s - y) * (s - y) : Math.Log(1 + Math.Exp(y > 0.5 ? -s : s))).Average();
    }

    [Fact]
    public void A_fold_that_lacks_what_the_whole_has_is_left_out()
    {
        var set = Sets.Make(TaskKind.Regression, 200);
        var counts = new double[200];
        counts[7] = 3;
        var weights = Enumerable.Range(0, 200).Select(r => r == 7 || r > 190 ? 1.0 : 0.0).ToArray();
        var options = Small with { Trees = 40, EarlyStoppingRounds = 5, Loss = LossKind.Poisson };
        foreach (var weighted in new[] { null, weights })
        {
            var model = new GradientBoostedTrees(options).Fit(new TrainingSet(set.Features, counts, TaskKind.Regression, 0, weighted), new FitContext { Threads = 2 });
            Assert.All(Sets.Scores(model, set), score => Assert.True(double.IsFinite(score)));
        }
    }

    private static TrainingSet Noisy(TaskKind task, int rows, ulong seed = 5)
    {
        var set = Sets.Make(task, rows, seed);
        var random = new SeededRandom(seed);
        for (var r = 0; r < rows; r++)
            set.Labels[r] = task == TaskKind.Regression ? set.Labels[r] + 6 * (random.NextDouble() - 0.5) : random.NextDouble() < 0.3 ? 1 - set.Labels[r] : set.Labels[r];
        return set;
    }

    [Fact]
    public void The_order_of_rows_does_not_matter()
    {
        var set = Sets.Make(TaskKind.Binary, 2000);
        var order = Enumerable.Range(0, 2000).ToArray();
        new SeededRandom(4).Shuffle<int>(order);
        var columns = Enumerable.Range(0, 5).Select(f => order.Select(r => set.Features[r, f]).ToArray()).ToArray();
        var other = new TrainingSet(new FeatureMatrix(set.Features.Features, columns, 2000), [.. order.Select(r => set.Labels[r])], set.Task, 2);
        var a = Sets.Scores(new GradientBoostedTrees(Small).Fit(set, new FitContext()), set);
        var b = Sets.Scores(new GradientBoostedTrees(Small).Fit(other, new FitContext()), other);
        Assert.Equal(order.Select(r => a[r]), b);
    }

    [Fact]
    public void Infinite_missing_and_constant_columns_are_learned_with()
    {
        var random = new SeededRandom(6);
        var columns = new float[5][];
        for (var f = 0; f < 5; f++)
        {
            columns[f] = [.. Enumerable.Range(0, 500).Select(_ => f switch
            {
                0 => random.Below(3) switch { 0 => float.NegativeInfinity, 1 => float.PositiveInfinity, _ => 0 },
                1 => float.NaN,
                2 => 7,
                3 => float.PositiveInfinity,
                _ => random.Below(2) == 0 ? float.NaN : float.MaxValue,
            })];
        }
        double[] labels = [.. Enumerable.Range(0, 500).Select(r => columns[0][r] > 0 ? 2.0 : columns[0][r] < 0 ? -1.0 : 0.5).Select((v, r) => v + (float.IsNaN(columns[4][r]) ? 4 : 0))];
        var features = Enumerable.Range(0, 5).Select(f => new Feature($"f{f}", $"f{f}", 0)).ToArray();
        var set = new TrainingSet(new FeatureMatrix(features, columns, 500), labels, TaskKind.Regression, 0);
        var model = new GradientBoostedTrees(Small with { Trees = 60, EarlyStoppingRounds = 0 }).Fit(set, new FitContext());
        var scores = Sets.Scores(model, set);
        Assert.All(scores.Zip(labels), pair => Assert.Equal(pair.Second, pair.First, 0.05));
        foreach (var kernel in Enum.GetValues<Kernel>())
            Assert.Equal(scores, Sets.Scores(new CompiledForest((Forest)model, kernel), set));
    }

    [Fact]
    public void Categories_with_hardly_a_row_do_not_memorise_labels()
    {
        var random = new SeededRandom(8);
        float[][] columns = [[.. Enumerable.Range(0, 600).Select(r => (float)(r / 2))], [.. Enumerable.Range(0, 600).Select(_ => (float)random.NextDouble())]];
        double[] labels = [.. Enumerable.Range(0, 600).Select(_ => (double)random.Below(2))];
        Feature[] features = [new("id", "id", 300), new("x", "x", 0)];
        var set = new TrainingSet(new FeatureMatrix(features, columns, 600), labels, TaskKind.Binary, 2);
        var forest = (Forest)new GradientBoostedTrees(Small).Fit(set, new FitContext());
        Assert.DoesNotContain(0, forest.Trees.SelectMany(t => t.Feature));
    }

    [Fact]
    public void Out_of_time_returns_what_there_is()
    {
        var model = (Forest)new GradientBoostedTrees(Small).Fit(Sets.Make(TaskKind.Binary, 300), new FitContext { OutOfTime = () => true });
        Assert.Single(model.Trees);
    }

    [Fact]
    public void Cancellation_is_heard()
    {
        using var source = new CancellationTokenSource();
        var context = new FitContext { Cancellation = source.Token, Progress = _ => source.Cancel() };
        Assert.Throws<OperationCanceledException>(() => new GradientBoostedTrees(Small).Fit(Sets.Make(TaskKind.Binary, 300), context));
    }

    [Fact]
    public void Covers_and_inner_values_are_those_of_the_rows_below()
    {
        var forest = (Forest)new GradientBoostedTrees(Small).Fit(Sets.Make(TaskKind.Binary, 2000), new FitContext());
        foreach (var tree in forest.Trees)
        {
            Assert.Equal(2000, tree.Cover[0]);
            for (var n = 0; n < tree.NodeCount; n++)
            {
                if (tree.Feature[n] < 0)
                    continue;
                var (l, r) = (tree.Left[n], tree.Right[n]);
                Assert.True(l > n && r > n && tree.Cover[l] >= 5 && tree.Cover[r] >= 5 && tree.Gain[n] > 0);
                Assert.Equal(tree.Cover[n], tree.Cover[l] + tree.Cover[r]);
                var mean = (tree.Cover[l] * tree.Value[l] + tree.Cover[r] * tree.Value[r]) / tree.Cover[n];
                Assert.Equal(mean, tree.Value[n], 1e-6);
            }
        }
    }

    public static TheoryData<string, BoostingOptions> BadOptions() => new()
    {
        { "ntrees", new() { Trees = 0 } },
        { "learn_rate", new() { LearnRate = double.NaN } },
        { "nbins", new() { MaxBins = 256 } },
        { "sample_rate", new() { SampleRate = 0 } },
        { "max_leaves", new() { MaxLeaves = 1 } },
        { "max_depth", new() { MaxLeaves = 0, MaxDepth = 0 } },
        { "monotone_constraints", new() { MonotoneConstraints = [1] } },
        { "Poisson", new() { Loss = LossKind.Poisson } },
        { "loss_alpha", new() { Loss = LossKind.Quantile, LossAlpha = 1 } },
        { "tweedie_power", new() { Loss = LossKind.Tweedie, TweediePower = 2 } },
        { "Logistic", new() { Loss = LossKind.Logistic } },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Bad_options_are_refused_by_name(string named, BoostingOptions options)
    {
        var set = Sets.Make(TaskKind.Regression, 100);
        var error = Assert.Throws<EngineException>(() => new GradientBoostedTrees(options).Fit(set, new FitContext()));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(0.5)]
    [InlineData(2)]
    public void Bad_labels_are_refused_by_row(double label)
    {
        var set = Sets.Make(TaskKind.Binary, 100);
        set.Labels[17] = label;
        var error = Assert.Throws<EngineException>(() => new GradientBoostedTrees(Small).Fit(set, new FitContext()));
        Assert.Contains("row 17", error.Message, StringComparison.Ordinal);
    }

    private static TrainingSet Rounded(TrainingSet set)
    {
        var columns = Enumerable.Range(0, 5)
            .Select(f => Enumerable.Range(0, set.Features.RowCount).Select(r => MathF.Round(set.Features[r, f] * 8) / 8).ToArray()).ToArray();
        for (var r = 0; r < set.Features.RowCount; r++)
            columns[3][r] = set.Features[r, 3];
        return new TrainingSet(new FeatureMatrix(set.Features.Features, columns, set.Features.RowCount), set.Labels, set.Task, 0, set.Weights);
    }
}

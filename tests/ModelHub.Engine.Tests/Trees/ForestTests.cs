using ModelHub.Engine.Data;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Trees;

public class ForestTests
{
    public static TheoryData<string, TaskKind> Cases()
    {
        var cases = new TheoryData<string, TaskKind>();
        foreach (var algorithm in new[] { "DRF", "XRT" })
        {
            foreach (var task in Enum.GetValues<TaskKind>())
                cases.Add(algorithm, task);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Learns_and_predicts_shares(string algorithm, TaskKind task)
    {
        var learner = Learner(algorithm, 40);
        Assert.Equal(algorithm, learner.Algorithm);
        var model = (Forest)learner.Fit(Sets.Make(task, 3000), new FitContext { Seed = 3, Threads = 2 });
        Assert.Equal(task == TaskKind.Regression ? Link.Identity : Link.Probability, model.Link);
        var other = Sets.Make(task, 1000, seed: 2);
        var scores = Sets.Scores(model, other);
        var right = 0;
        var squares = 0.0;
        for (var r = 0; r < 1000; r++)
        {
            var row = scores.AsSpan(r * model.OutputCount, model.OutputCount).ToArray();
            if (task != TaskKind.Regression)
                Assert.All(row, p => Assert.InRange(p, -1e-6, 1 + 1e-6));
            if (task == TaskKind.Multiclass)
                Assert.Equal(1, row.Sum(), 1e-5);
            var best = task == TaskKind.Binary ? (row[0] > 0.5 ? 1 : 0) : Array.IndexOf(row, row.Max());
            right += best == other.Labels[r] ? 1 : 0;
            squares += (row[0] - other.Labels[r]) * (row[0] - other.Labels[r]);
        }
        Assert.True(task == TaskKind.Regression ? squares / 1000 < 0.6 : right > 800, $"{right} right, {squares / 1000} mean square");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Same_seed_gives_the_same_bits_at_any_number_of_threads(string algorithm, TaskKind task)
    {
        var set = Sets.Make(task, 1000);
        string Fit(int threads) => Sets.Bits(Learner(algorithm, 7).Fit(set, new FitContext { Seed = 4, Threads = threads }));
        var one = Fit(1);
        Assert.Equal(one, Fit(2));
        Assert.Equal(one, Fit(4));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Trees_without_limits_fit_rows_that_differ(string algorithm, TaskKind task)
    {
        var set = Sets.Make(task, 200, missing: 0);
        var options = new ForestOptions { Trees = 3, SampleRate = 1, MaxDepth = 0, CategorySmoothing = 0 };
        ILearner learner = algorithm == "DRF" ? new RandomForest(options) : new ExtraTrees(options);
        var scores = Sets.Scores(learner.Fit(set, new FitContext()), set);
        var fitted = 0;
        for (var r = 0; r < 200; r++)
        {
            var error = task == TaskKind.Multiclass ? 1 - scores[r * 3 + (int)set.Labels[r]] : set.Labels[r] - scores[r];
            fitted += Math.Abs(error) < 1e-4 ? 1 : 0;
        }
        // Drawn cuts may all leave the shares as they are, and then a node stays as it is.
        Assert.InRange(fitted, algorithm == "DRF" ? 200 : 190, 200);
    }

    [Fact]
    public void Out_of_time_averages_what_there_is()
    {
        var model = (Forest)new RandomForest().Fit(Sets.Make(TaskKind.Multiclass, 300), new FitContext { Threads = 1, OutOfTime = () => true });
        Assert.Single(model.Trees);
        Assert.Equal(1, model.Trees[0].Value.AsSpan(0, 3).ToArray().Sum(), 1e-5);
    }

    [Fact]
    public void Bad_options_are_refused_by_name()
    {
        var set = Sets.Make(TaskKind.Binary, 100);
        var error = Assert.Throws<EngineException>(() => new RandomForest(new ForestOptions { MinRows = 0 }).Fit(set, new FitContext()));
        Assert.Contains("min_rows", error.Message, StringComparison.Ordinal);
    }

    private static ILearner Learner(string algorithm, int trees) => algorithm == "DRF"
        ? new RandomForest(new ForestOptions { Trees = trees })
        : new ExtraTrees(new ForestOptions { Trees = trees, SampleRate = 1 });
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Search;

namespace ModelHub.Engine.Tests.Search;

public sealed class AutoMlSearchTests
{
    [Fact]
    public void ForestsJoinTheEnsembleStoreBitEqualAndKeepExactContributions()
    {
        var table = Curves.Moons(240);
        var result = Run(table, new AutoMlOptions { Target = "y", MaxModels = 7, Folds = 3, Threads = 2 });

        Assert.Contains(result.Candidates, c => c.Algorithm == "DRF" && c.Model is not null);
        Assert.Contains(result.Candidates, c => c.Algorithm == "XRT" && c.Model is not null);
        foreach (var candidate in result.Candidates.Where(c => c.Algorithm is "DRF" or "XRT" or "StackedEnsemble"))
        {
            var model = candidate.Model!;
            var loaded = TrainedModel.FromArtifact(model.ToArtifact());
            Assert.Equal(model.Predict(table), loaded.Predict(table));
            var features = model.Prepare(table);
            var row = new float[features.FeatureCount];
            features.CopyRow(3, row);
            var score = new double[1];
            model.Model.Score(row, score);
            var (columns, bias) = model.Contributions(row, 0);
            Assert.Equal(score[0], bias + columns.Sum(c => c.Value), 6);
        }
    }

    [Fact]
    public void ForestsAreCalibratedNotJustRanked()
    {
        var result = Run(Curves.Moons(400), new AutoMlOptions { Target = "y", MaxModels = 7, Folds = 3, Threads = 2 });
        var forest = result.Candidates.Single(c => c.Algorithm == "DRF");
        var positive = Enumerable.Range(0, forest.Truth.Length).Select(i => forest.Outputs[2 * i + 1]).ToArray();
        Assert.InRange(positive.Average() - forest.Truth.Average(), -0.05, 0.05);
        Assert.True(forest.Report!.Metrics["logloss"] < 0.6);
    }

    [Fact]
    public void NeighboursKeepEachRowOnceAndAreScoredByThoseThatHadNotSeenIt()
    {
        var result = Run(Curves.Moons(240), new AutoMlOptions { Target = "y", MaxModels = 7, Folds = 3, Threads = 2 });
        var neighbours = result.Candidates.Single(c => c.Algorithm == "KNN");
        Assert.Equal(240, Assert.IsType<NeighbourModel>(neighbours.Model!.Model).RowCount);
        Assert.InRange(neighbours.Report!.Metrics["auc"], 0.7, 0.98);
    }

    [Fact]
    public void ASecondLevelJoinsWhereThereAreRowsEnough()
    {
        var table = Curves.Slope(700);
        var options = new AutoMlOptions { Target = "y", MaxModels = 2, Folds = 3, Threads = 2, Mode = SearchMode.HighAccuracy };
        var result = Run(table, options);
        var stack = result.Candidates[0];
        Assert.Equal("StackedEnsemble_Stack_1", stack.Name);
        Assert.Equal("stack", stack.Parameters["kind"].Actual);
        Assert.Equal("blend", result.Candidates.Single(c => c.Name == "StackedEnsemble_Blend_1").Parameters["kind"].Actual);
        Assert.IsType<StackedModel>(stack.Model!.Model);
        Assert.Equal(stack.Model.Predict(table), TrainedModel.FromArtifact(stack.Model.ToArtifact()).Predict(table));
        Assert.Equal(["a", "b", "c"], stack.Importance.Select(i => i.Variable).Order());
        // The noise alone is 0.3: rows that are scored by models which had not seen them cannot be nearer than that.
        Assert.InRange(stack.Report!.Metrics["rmse"], 0.28, 0.6);
        Assert.Equal(stack.Model.ToArtifact(), Run(table, options with { Threads = 1 }).Candidates[0].Model!.ToArtifact());
        Assert.DoesNotContain(Run(table, options with { Mode = SearchMode.Balanced }).Candidates, c => c.Name.Contains("Stack_"));
    }

    [Fact]
    public void AsManyTrialsGiveTheSameBytesAtAnyNumberOfThreads()
    {
        var table = Curves.Moons(200);
        var options = new AutoMlOptions { Target = "y", MaxModels = 7, Folds = 3, MaxRuntime = TimeSpan.FromHours(1) };
        // Where there is a budget, networks learn by how much of it is used up: none is while the clock stands still.
        SearchResult At(int threads) => AutoMlSearch.Run(table, options with { Threads = threads }, null, new TickingClock(TimeSpan.Zero), CancellationToken.None);
        var (one, two) = (At(1), At(2));
        Assert.Equal(one.Candidates.Select(c => c.Name), two.Candidates.Select(c => c.Name));
        foreach (var (a, b) in one.Candidates.Zip(two.Candidates))
            Assert.True(a.Model!.ToArtifact().AsSpan().SequenceEqual(b.Model!.ToArtifact()), a.Name);
    }

    [Fact]
    public void CandidatesAreOrderedByTheirRank()
    {
        var result = Run(Curves.Moons(200), new AutoMlOptions { Target = "y", MaxModels = 3, Folds = 3, Metric = "logloss" });
        Assert.Equal(result.Candidates.Select(c => c.Rank).Order(), result.Candidates.Select(c => c.Rank));
        Assert.All(result.Candidates, c => Assert.Equal(c.Report!.Metrics["logloss"], c.Rank));
    }

    [Fact]
    public void ATargetWithoutAnythingToLearnIsRefused()
    {
        Assert.Contains("single value", Refusal(With(Curves.Moons(20), "y", _ => "same")));
        Assert.Contains("every cell is missing", Refusal(With(Curves.Moons(20), "y", _ => null)));
        Assert.Contains("at least 4", Refusal(With(Curves.Moons(20), "y", r => r < 3 ? r % 2 == 0 ? "a" : "b" : null)));
    }

    private static string Refusal(Table table) => Assert.Throws<EngineException>(() => Run(table, new AutoMlOptions { Target = "y", MaxModels = 1 })).Message;

    private static SearchResult Run(Table table, AutoMlOptions options) => AutoMlSearch.Run(table, options, null, TimeProvider.System, CancellationToken.None);

    private static Table With(Table table, string name, Func<int, string?> cell) => new(
        [.. table.Columns.Where(c => c.Name != name), new TextColumn(name, ColumnKind.Category, [.. Enumerable.Range(0, table.RowCount).Select(cell)])],
        table.RowCount);
}

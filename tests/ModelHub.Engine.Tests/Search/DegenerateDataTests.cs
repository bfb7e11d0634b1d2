using ModelHub.Engine.Data;
using ModelHub.Engine.Search;

namespace ModelHub.Engine.Tests.Search;

/// <summary>Data that hardly is any, before every algorithm: a model or a reason, never anything else.</summary>
public sealed class DegenerateDataTests
{
    public static TheoryData<string> Tables => ["ten rows", "rows over and over", "nothing but labels", "one row of a class", "missing nearly throughout", "two columns alike", "one value differs"];

    [Theory]
    [MemberData(nameof(Tables))]
    public void EveryAlgorithmTrainsOrSaysWhy(string what)
    {
        var table = Of(what);
        var options = new AutoMlOptions { Target = "y", MaxModels = 7, Folds = 3, Threads = 2, IsRegression = what == "one value differs" };
        var result = Run(table, options);
        Assert.Equal(7, result.Candidates.Count(c => c.Algorithm != "StackedEnsemble"));
        Assert.All(result.Candidates, c => Assert.True(c.Model is not null || !string.IsNullOrEmpty(c.Failure), c.Name));
        foreach (var candidate in result.Candidates.Where(c => c.Model is not null))
            Assert.All(candidate.Model!.Predict(table), p => Assert.True(double.IsFinite(p), candidate.Name));
    }

    [Fact]
    public void AFoldThatHoldsOneClassOnlyIsTrainedAroundOrNamed()
    {
        // The first fold holds all of one class: the others' models know nothing of it.
        var table = new Table(
            [Numbers("x", 60, r => r), Words("fold", 60, r => r < 20 ? "first" : r < 40 ? "second" : "third"), Words("y", 60, r => r < 20 ? "rare" : r % 2 == 0 ? "a" : "b")], 60);
        var result = Run(table, new AutoMlOptions { Target = "y", FoldColumn = "fold", MaxModels = 7, Threads = 2 });
        Assert.All(result.Candidates, c => Assert.True(c.Model is not null || !string.IsNullOrEmpty(c.Failure), c.Name));
        Assert.Contains(result.Candidates, c => c.Model is not null);
    }

    [Fact]
    public void WithoutAnythingToLearnFromItIsRefused()
    {
        var table = new Table([Numbers("x", 30, _ => double.NaN), Words("z", 30, _ => "same"), Words("y", 30, r => r % 2 == 0 ? "a" : "b")], 30);
        var refusal = Assert.Throws<EngineException>(() => Run(table, new AutoMlOptions { Target = "y", MaxModels = 2 })).Message;
        Assert.Contains("x (empty: every cell is missing)", refusal);
        Assert.Contains("z (constant)", refusal);
    }

    private static Table Of(string what) => what switch
    {
        "ten rows" => new Table([Numbers("x", 10, r => r * r), Words("c", 10, r => "c" + r % 3), Words("y", 10, r => r % 2 == 0 ? "a" : "b")], 10),
        "rows over and over" => new Table([Numbers("x", 120, r => r % 2), Words("y", 120, r => r % 2 == 0 ? "a" : "b")], 120),
        "nothing but labels" => new Table([Numbers("x", 60, r => r < 59 ? 1 : 2), Words("y", 60, r => r % 3 == 0 ? "a" : "b")], 60),
        "one row of a class" => new Table([Numbers("x", 60, r => r), Words("y", 60, r => r == 7 ? "rare" : r % 2 == 0 ? "a" : "b")], 60),
        "missing nearly throughout" => new Table([Numbers("x", 60, r => r < 2 ? r : double.NaN), Words("c", 60, r => r < 3 ? "c" + r : null), Words("y", 60, r => r % 2 == 0 ? "a" : "b")], 60),
        "two columns alike" => new Table([Numbers("x", 60, r => r), Numbers("also", 60, r => r), Words("y", 60, r => r > 30 ? "a" : "b")], 60),
        "one value differs" => new Table([Numbers("x", 60, r => r), Numbers("y", 60, r => r == 5 ? 1e9 : 0)], 60),
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };

    private static NumericColumn Numbers(string name, int rows, Func<int, double> value) => new(name, ColumnKind.Numeric, [.. Enumerable.Range(0, rows).Select(value)]);

    private static TextColumn Words(string name, int rows, Func<int, string?> word) => new(name, ColumnKind.Category, [.. Enumerable.Range(0, rows).Select(word)]);

    private static SearchResult Run(Table table, AutoMlOptions options) => AutoMlSearch.Run(table, options, null, TimeProvider.System, CancellationToken.None);
}

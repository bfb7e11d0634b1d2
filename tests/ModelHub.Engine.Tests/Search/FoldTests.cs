using ModelHub.Engine.Data;
using ModelHub.Engine.Search;

namespace ModelHub.Engine.Tests.Search;

public sealed class FoldTests
{
    private static readonly AutoMlOptions Options = new() { Target = "y", Folds = 4 };
    private static readonly double[] Labels = [.. Enumerable.Range(0, 60).Select(r => r == 17 ? double.NaN : r % 2)];

    [Fact]
    public void GroupsStayTogether()
    {
        var groups = Enumerable.Range(0, 60).Select(r => r % 9 == 8 ? null : "g" + r % 9).ToArray();
        var folds = Of(Options with { GroupColumn = "g" }, new TextColumn("g", ColumnKind.Category, groups));
        AssertPartition(folds);
        foreach (var fold in folds)
            Assert.Empty(fold.Held.Select(r => groups[r]).OfType<string>().Intersect(fold.Train.Select(r => groups[r]).OfType<string>()));
    }

    [Fact]
    public void OnlyWhatWasBeforeIsLearnedFrom()
    {
        var times = Enumerable.Range(0, 60).Select(r => (double)(r * 7 % 30)).ToArray();
        var folds = Of(Options with { TimeColumn = "t" }, new NumericColumn("t", ColumnKind.Numeric, times));
        Assert.Equal(4, folds.Length);
        foreach (var fold in folds)
            Assert.True(fold.Train.Max(r => times[r]) < fold.Held.Min(r => times[r]));
        Assert.Equal(folds.Sum(f => f.Held.Length), folds.SelectMany(f => f.Held).Distinct().Count());
    }

    [Fact]
    public void GivenFoldsAreTaken()
    {
        var folds = Of(Options with { FoldColumn = "f" }, new TextColumn("f", ColumnKind.Category, [.. Enumerable.Range(0, 60).Select(r => r < 40 ? "a" : "b")]));
        AssertPartition(folds);
        Assert.Equal(2, folds.Length);
        Assert.True(folds[0].Held.All(r => r < 40) && folds[1].Held.All(r => r >= 40));
    }

    [Fact]
    public void WhatMakesNoFoldsIsRefusedByName()
    {
        Assert.Contains("'f' names no fold in row 4", Refusal(Options with { FoldColumn = "f" }, r => r == 3 ? null : "x" + r % 2));
        Assert.Contains("one fold only", Refusal(Options with { FoldColumn = "f" }, _ => "x"));
        Assert.Contains("more than 50", Refusal(Options with { FoldColumn = "f" }, r => "x" + r));
        Assert.Contains("one group only", Refusal(Options with { GroupColumn = "f" }, _ => "x"));
        Assert.Contains("no column 'h'", Refusal(Options with { GroupColumn = "h" }, _ => "x"));
        Assert.Contains("'f' has no time in row 1", Refusal(Options with { TimeColumn = "f" }, _ => "x"));
        Assert.Contains("one moment only", Refusal(Options with { TimeColumn = "f" }, _ => "5"));
    }

    private static string Refusal(AutoMlOptions options, Func<int, string?> cell) =>
        Assert.Throws<EngineException>(() => Of(options, new TextColumn("f", ColumnKind.Category, [.. Enumerable.Range(0, 60).Select(cell)]))).Message;

    private static Fold[] Of(AutoMlOptions options, Column column) => Fold.Of(new Table([column], 60), Labels, TaskKind.Binary, options, 3);

    private static void AssertPartition(Fold[] folds)
    {
        Assert.Equal(Enumerable.Range(0, 60).Where(r => r != 17), folds.SelectMany(f => f.Held).Order());
        Assert.All(folds, f => Assert.Equal(59, f.Train.Concat(f.Held).Distinct().Count()));
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Search;

namespace ModelHub.Engine.Tests.Search;

/// <summary>Categories with very many levels, texts, and data that hardly is any.</summary>
public sealed class PreparedInFoldsTests
{
    private static readonly AutoMlOptions Options = new() { Target = "y", Folds = 3, Threads = 2, MaxModels = 1 };

    [Fact]
    public void ManyLevelsAreLearnedFromByTheirRowsLabels()
    {
        // Each of 300 places has its own chance of a yes; five rows each are too few to find sets of places by.
        var random = new SeededRandom(3);
        var codes = Enumerable.Range(0, 3000).Select(r => r % 300).ToArray();
        var chance = Enumerable.Range(0, 300).Select(_ => random.NextDouble() < 0.5 ? 0.1 : 0.9).ToArray();
        var result = Run(
            Options, new CategoryColumn("place", codes, [.. Enumerable.Range(0, 300).Select(i => $"place {i}")]), Noise(3000),
            new CategoryColumn("y", [.. codes.Select(c => random.NextDouble() < chance[c] ? 1 : 0)], ["no", "yes"]));
        Assert.InRange(result.Candidates[0].Report!.Metrics["auc"], 0.85, 0.95);
        var model = result.Candidates[0].Model!;
        Assert.Equal(2, model.FeatureCount);
        var loaded = TrainedModel.FromArtifact(model.ToArtifact());
        double Of(string place)
        {
            var row = loaded.CreateRow();
            row.SetText(0, place);
            var outputs = new double[2];
            loaded.Predict(row, outputs);
            return outputs[1];
        }
        Assert.True(Of($"place {Array.IndexOf(chance, 0.9)}") > Of($"place {Array.IndexOf(chance, 0.1)}") + 0.3);
    }

    [Fact]
    public void LevelsThatSayNothingAreNotLearnedByHeart()
    {
        var random = new SeededRandom(5);
        var result = Run(
            Options, new CategoryColumn("place", [.. Enumerable.Range(0, 1500).Select(r => r % 500)], [.. Enumerable.Range(0, 500).Select(i => $"place {i}")]),
            new CategoryColumn("y", [.. Enumerable.Range(0, 1500).Select(_ => random.Below(2))], ["no", "yes"]));
        Assert.InRange(result.Candidates[0].Report!.Metrics["auc"], 0.4, 0.6);
    }

    [Fact]
    public void TextsAreLearnedFromAndReadAlikeOneByOne()
    {
        var random = new SeededRandom(4);
        string[] words = ["kettle", "lamp", "chair", "table", "window", "door", "garden", "stone", "river", "cloud", "paper", "glass"];
        var texts = Enumerable.Range(0, 400).Select(r => string.Join(' ', Enumerable.Range(0, 6).Select(_ => words[random.Below(words.Length)])) + $" no. {r}").ToArray();
        var table = new Table(
            [new TextColumn("note", ColumnKind.Text, texts), new CategoryColumn("y", [.. texts.Select(t => t.Contains("river", StringComparison.Ordinal) ? 1 : 0)], ["no", "yes"])], 400);
        var result = AutoMlSearch.Run(table, Options, null, TimeProvider.System, CancellationToken.None);
        var model = TrainedModel.FromArtifact(result.Candidates[0].Model!.ToArtifact());
        Assert.True(result.Candidates[0].Report!.Metrics["auc"] > 0.95);
        Assert.Equal(Encoding.Text, model.Inputs[0].Encoding);
        var many = model.Predict(table);
        var (row, one) = (model.CreateRow(), new double[2]);
        for (var r = 0; r < 50; r++)
        {
            row.Clear();
            row.SetText(0, texts[r]);
            model.Predict(row, one);
            Assert.Equal(one[1], many[2 * r + 1]);
        }
        Assert.Equal("note", result.Candidates[0].Importance[0].Variable);
    }

    [Fact]
    public void DataThatHardlyIsAnyTrainsOrSaysWhy()
    {
        var random = new SeededRandom(6);
        CategoryColumn Labels(int rows) => new("y", [.. Enumerable.Range(0, rows).Select(r => r % 2)], ["no", "yes"]);
        NumericColumn Numbers(string name, int rows, Func<int, double> value) => new(name, ColumnKind.Numeric, [.. Enumerable.Range(0, rows).Select(value)]);
        // 50,000 categories, one per row; and more columns than rows, some of them missing throughout or constant.
        var timed = Options with { MaxRuntime = TimeSpan.FromSeconds(10) };
        AssertTrainsOrSaysWhy(timed, new CategoryColumn("c", [.. Enumerable.Range(0, 50_000)], [.. Enumerable.Range(0, 50_000).Select(i => $"c{i}")]), Labels(50_000));
        AssertTrainsOrSaysWhy(timed, [Labels(60), .. Enumerable.Range(0, 2000).Select(f => Numbers("f" + f, 60, r => f % 100 == 0 ? double.NaN : f % 100 == 1 ? 1 : r % 2 + 3 * random.NextDouble()))]);
        // The same rows over and over.
        Assert.Contains(Run(Options, Labels(200), Numbers("x", 200, r => r % 2)).Candidates, c => c.Model is not null);
        // A regression with one label that differs; a feature that is missing in all rows of a fold.
        Assert.Contains(Run(Options with { IsRegression = true }, Numbers("y", 40, r => r == 3 ? 1 : 0), Noise(40)).Candidates, c => c.Model is not null);
        Assert.Contains(Run(Options, Labels(30), Numbers("x", 30, r => r == 0 ? 1 : r == 1 ? 2 : double.NaN)).Candidates, c => c.Model is not null);
    }

    [Fact]
    public void ATrialThatCannotFitIsRefusedWithWhatItNeeds()
    {
        var refusal = Assert.Throws<EngineException>(() => AutoMlSearch.Run(
            Curves.Moons(200), Options with { MaxMemoryBytes = 1000 }, null, TimeProvider.System, CancellationToken.None));
        Assert.Contains("of memory", refusal.Message);
    }

    [Fact]
    public void WhatIsTooSlowRanksLastAndTheEnsembleKeepsWithinTheLimit()
    {
        var result = AutoMlSearch.Run(
            Curves.Moons(300), Options with { MaxModels = 4, MaxMicrosPerRow = 1e-9 }, null, TimeProvider.System, CancellationToken.None);
        Assert.DoesNotContain(result.Candidates, c => c.Algorithm == "StackedEnsemble");
        Assert.All(result.Candidates.Where(c => c.Model is not null), c => Assert.True(c.Rank > 1e280));
    }

    /// <summary>A busy machine may need all of the time for preparing.</summary>
    private static void AssertTrainsOrSaysWhy(AutoMlOptions options, params Column[] columns)
    {
        try
        {
            Assert.All(Run(options, columns).Candidates, c => Assert.True(c.Model is not null || c.Failure is not null));
        }
        catch (EngineException refusal)
        {
            Assert.NotEmpty(refusal.Message);
        }
    }

    private static NumericColumn Noise(int rows)
    {
        var random = new SeededRandom(11);
        return new NumericColumn("noise", ColumnKind.Numeric, [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble())]);
    }

    private static SearchResult Run(AutoMlOptions options, params Column[] columns) =>
        AutoMlSearch.Run(new Table(columns, columns[0].Length), options, null, TimeProvider.System, CancellationToken.None);
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Serialization;

namespace ModelHub.Engine.Tests.Neighbours;

public sealed class NearestNeighboursTests
{
    [Theory]
    [InlineData(TaskKind.Binary)]
    [InlineData(TaskKind.Multiclass)]
    [InlineData(TaskKind.Regression)]
    public void ScoresAreThoseOfTheRowsThatAreNearest(TaskKind task)
    {
        var (learned, asked) = (Points(203, task, 7), Points(60, task, 8));
        var model = Fit(learned, 9);
        var (row, scores) = (new float[3], new double[model.OutputCount]);
        for (var r = 0; r < asked.Count; r++)
        {
            asked.Features.CopyRow(r, row);
            model.Score(row, scores);
            Assert.Equal(Naive(learned, row, 9), scores);
        }
    }

    [Fact]
    public void TheSameBytesAtAnyNumberOfThreadsAndAfterReadingThem()
    {
        var set = Points(150, TaskKind.Multiclass, 3);
        var bytes = Bytes(Fit(set, 5));
        Assert.Equal(bytes, Bytes(Fit(set, 5, threads: 4)));
        Assert.Equal(bytes, Bytes(ModelCodec.Read(new ArtifactReader(bytes))));
    }

    [Fact]
    public void RowsThatAreAllTheSameGiveTheirShares()
    {
        var set = new TrainingSet(
            new FeatureMatrix([new("x", "x", 0)], [Enumerable.Repeat(2f, 40).ToArray()], 40), [.. Enumerable.Range(0, 40).Select(r => r % 4 == 0 ? 1.0 : 0)], TaskKind.Binary, 2);
        var score = new double[1];
        Fit(set, 20).Score([2f], score);
        Assert.Equal(0.25, Elementary.Logistic(score[0]), 2);
    }

    [Fact]
    public void MissingCellsAndUnknownCategoriesAreScored()
    {
        var model = Fit(Points(100, TaskKind.Multiclass, 4), 200);
        Assert.Equal(100, model.Neighbours);
        var scores = new double[4];
        model.Score([float.NaN, float.NaN, 77], scores);
        Assert.All(scores, s => Assert.True(double.IsFinite(s)));
    }

    [Fact]
    public void WhatIsTooMuchIsRefused()
    {
        var wide = new FeatureMatrix([.. Enumerable.Range(0, 500).Select(f => new Feature("f" + f, "f" + f, 0))], [.. Enumerable.Range(0, 500).Select(_ => new float[9000])], 9000);
        Assert.Contains("4000000 cells", Assert.Throws<EngineException>(() => Fit(new TrainingSet(wide, new double[9000], TaskKind.Regression, 0), 5)).Message);
        Assert.Contains("neighbours", Assert.Throws<EngineException>(() => Fit(Points(50, TaskKind.Binary, 1), 0)).Message);
    }

    [Fact]
    public void BrokenBytesAreRefused()
    {
        var bytes = Bytes(Fit(Points(40, TaskKind.Binary, 2), 5));
        for (var cut = 1; cut < bytes.Length; cut += 7)
            Assert.Throws<EngineException>(() => ModelCodec.Read(new ArtifactReader(bytes.AsMemory(0, cut))));
        var random = new SeededRandom(4);
        for (var i = 0; i < 300; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[random.Below(bytes.Length)] ^= (byte)(1 << random.Below(8));
            try
            {
                ModelCodec.Read(new ArtifactReader(changed)).Score(new float[3], new double[1]);
            }
            catch (EngineException)
            {
                // Said, not crashed.
            }
        }
    }

    [Fact]
    public void ContributionsAddUpAndTheColumnThatTellsIsTheMostImportant()
    {
        var set = Points(300, TaskKind.Regression, 6);
        var model = Fit(set, 10);
        var explainer = new ShapExplainer(model);
        var (row, all, score) = (new float[3], new double[explainer.Width], new double[1]);
        set.Features.CopyRow(5, row);
        explainer.Explain(row, all);
        model.Score(row, score);
        Assert.Equal(score[0], all.Sum(), 6);
        Assert.Equal("c", VariableImportance.Of(model, set.Features.Features)[0].Variable);
    }

    /// <summary>The same by sorting all rows.</summary>
    private static double[] Naive(TrainingSet set, float[] row, int count)
    {
        var rows = Enumerable.Range(0, set.Count).ToArray();
        float Cell(int f, float value) => f == 2 ? (float.IsNaN(value) || value >= 3 ? 3 : value) : Scaled(set.Features, f, value, rows);
        var nearest = rows.Select(r =>
        {
            var distance = 0f;
            for (var f = 0; f < 3; f++)
            {
                var difference = Cell(f, row[f]) - Cell(f, set.Features[r, f]);
                distance += f == 2 ? Math.Min(1, difference * difference) : difference * difference;
            }
            return (Row: r, Distance: (double)distance);
        }).OrderBy(p => p.Distance).ThenBy(p => p.Row).Take(count).ToArray();
        var (farthest, shares, all) = (nearest[^1].Distance, new double[Math.Max(1, set.ClassCount)], 0.0);
        foreach (var (r, distance) in nearest)
        {
            var weight = 1 / (distance / farthest + 0.1);
            all += weight;
            shares[set.Task == TaskKind.Regression ? 0 : (int)set.Labels[r]] += weight * (set.Task == TaskKind.Regression ? set.Labels[r] : 1);
        }
        if (set.Task == TaskKind.Regression)
            return [shares[0] / all];
        var prior = new double[set.ClassCount];
        foreach (var r in rows)
            prior[(int)set.Labels[r]] += 1.0 / rows.Length;
        double[] logs = [.. shares.Select((s, k) => Elementary.Log(count * s / all + Math.Max(prior[k], 0.5 / rows.Length)))];
        return set.Task == TaskKind.Binary ? [logs[1] - logs[0]] : logs;
    }

    private static float Scaled(FeatureMatrix features, int feature, float value, int[] rows)
    {
        var (center, scale) = RobustScale.Of(features, feature, rows);
        return RobustScale.Bend(value, center, scale);
    }

    private static NeighbourModel Fit(TrainingSet set, int neighbours, int threads = 1) =>
        (NeighbourModel)new NearestNeighbours(new NeighbourOptions { Neighbours = neighbours }).Fit(set, new FitContext { Threads = threads });

    private static byte[] Bytes(IModel model)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        ModelCodec.Write(writer, model);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Two numbers, one of them sometimes missing and in large units, and a category that says most.</summary>
    private static TrainingSet Points(int rows, TaskKind task, ulong seed)
    {
        var random = new SeededRandom(seed);
        var (x, y, c, labels) = (new float[rows], new float[rows], new float[rows], new double[rows]);
        for (var r = 0; r < rows; r++)
        {
            (x[r], y[r], c[r]) = ((float)random.NextDouble(), r % 9 == 0 ? float.NaN : (float)random.NextDouble() * 1e6f, r % 13 == 0 ? float.NaN : random.Below(3));
            var value = x[r] + 5 * (float.IsNaN(c[r]) ? 1 : c[r]);
            labels[r] = task switch { TaskKind.Binary => value > 5.5 ? 1 : 0, TaskKind.Multiclass => Math.Min(3, Math.Floor(value / 3)), TaskKind.Regression => value };
        }
        var features = new FeatureMatrix([new("x", "x", 0), new("y", "y", 0), new("c", "c", 3)], [x, y, c], rows);
        return new TrainingSet(features, labels, task, task switch { TaskKind.Binary => 2, TaskKind.Multiclass => 4, TaskKind.Regression => 0 });
    }
}

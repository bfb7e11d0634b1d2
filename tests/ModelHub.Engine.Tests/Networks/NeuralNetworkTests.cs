using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Serialization;

namespace ModelHub.Engine.Tests.Networks;

public sealed class NeuralNetworkTests
{
    [Theory]
    [InlineData(TaskKind.Binary)]
    [InlineData(TaskKind.Multiclass)]
    [InlineData(TaskKind.Regression)]
    public void LearnsWhatNoLineSeparates(TaskKind task)
    {
        var set = Corners(600, task);
        var model = Fit(set, 1);
        var rows = Enumerable.Range(0, set.Count).ToArray();
        var scores = new double[rows.Length * model.OutputCount];
        model.Score(set.Features, rows, scores);
        var right = rows.Count(r => task switch
        {
            TaskKind.Binary => scores[r] > 0 == set.Labels[r] > 0.5,
            TaskKind.Multiclass => Enumerable.Range(0, 4).MaxBy(k => scores[r * 4 + k]) == (int)set.Labels[r],
            TaskKind.Regression => Math.Abs(scores[r] - set.Labels[r]) < 0.5,
        });
        Assert.True(right > 0.9 * rows.Length, $"{right} of {rows.Length}");
    }

    [Fact]
    public void TheSameBytesAtAnyNumberOfThreadsAndForOneRowAsForMany()
    {
        var set = Corners(300, TaskKind.Multiclass);
        var model = Fit(set, 1);
        Assert.Equal(Bytes(model), Bytes(Fit(set, 3)));
        var rows = Enumerable.Range(0, 130).ToArray();
        var many = new double[rows.Length * 4];
        model.Score(set.Features, rows, many);
        var (row, one) = (new float[model.FeatureCount], new double[4]);
        foreach (var r in rows)
        {
            set.Features.CopyRow(r, row);
            model.Score(row, one);
            Assert.Equal(one, many[(r * 4)..(r * 4 + 4)]);
        }
        var loaded = ModelCodec.Read(new ArtifactReader(Bytes(model)));
        Assert.Equal(Bytes(model), Bytes(loaded));
    }

    [Fact]
    public void BrokenBytesAreRefused()
    {
        var bytes = Bytes(Fit(Corners(100, TaskKind.Binary), 1));
        for (var cut = 1; cut < 60; cut++)
            Assert.Throws<EngineException>(() => ModelCodec.Read(new ArtifactReader(bytes.AsMemory(0, cut))));
        var random = new SeededRandom(4);
        for (var i = 0; i < 300; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[random.Below(200)] ^= (byte)(1 << random.Below(8));
            try
            {
                var row = new float[3];
                var model = ModelCodec.Read(new ArtifactReader(changed));
                if (model.FeatureCount == 3)
                    model.Score(row, new double[model.OutputCount]);
            }
            catch (EngineException)
            {
                // Said, not crashed.
            }
        }
    }

    [Fact]
    public void ContributionsAddUpToTheScore()
    {
        var set = Corners(200, TaskKind.Binary);
        var model = Fit(set, 1);
        var explainer = new ShapExplainer(model);
        var (row, all, score) = (new float[3], new double[explainer.Width], new double[1]);
        for (var r = 0; r < 20; r++)
        {
            set.Features.CopyRow(r, row);
            explainer.Explain(row, all);
            model.Score(row, score);
            Assert.Equal(score[0], all.Sum(), 6);
        }
    }

    [Fact]
    public void ProductsAreTheSumsInOrder()
    {
        var random = new SeededRandom(9);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
        foreach (var (rows, inner, width) in new[] { (1, 1, 8), (5, 7, 16), (9, 33, 24) })
        {
            var (a, b, start, c) = (Draw(rows * inner), Draw(inner * width), Draw(width), new float[rows * width]);
            Matrices.Multiply(a, b, c, rows, inner, width, start);
            for (var r = 0; r < rows; r++)
            {
                for (var j = 0; j < width; j++)
                {
                    var sum = start[j];
                    for (var k = 0; k < inner; k++)
                        sum += a[r * inner + k] * b[k * width + j];
                    Assert.Equal(sum, c[r * width + j]);
                }
            }
        }
    }

    private static NetworkModel Fit(TrainingSet set, int threads) => (NetworkModel)new NeuralNetwork(new NetworkOptions
    {
        Hidden = 24, Epochs = 60, LearnRate = 0.01, Dropout = 0, BatchSize = 40,
    }).Fit(set, new FitContext { Seed = 3, Threads = threads });

    private static byte[] Bytes(IModel model)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        ModelCodec.Write(writer, model);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Which corner of a square a point is nearest to; the third feature is a category that says nothing, and is sometimes missing.</summary>
    private static TrainingSet Corners(int rows, TaskKind task)
    {
        var random = new SeededRandom(7);
        var (x, y, c, labels) = (new float[rows], new float[rows], new float[rows], new double[rows]);
        for (var r = 0; r < rows; r++)
        {
            (x[r], y[r], c[r]) = ((float)random.NextDouble() * 2 - 1, (float)random.NextDouble() * 200 - 100, r % 11 == 0 ? float.NaN : r % 3);
            labels[r] = task == TaskKind.Multiclass ? (x[r] > 0 ? 1 : 0) + (y[r] > 0 ? 2 : 0) : x[r] > 0 == y[r] > 0 ? 1 : 0;
        }
        var features = new FeatureMatrix([new("x", "x", 0), new("y", "y", 0), new("c", "c", 3)], [x, y, c], rows);
        return new TrainingSet(features, labels, task, task switch { TaskKind.Binary => 2, TaskKind.Multiclass => 4, TaskKind.Regression => 0 });
    }
}

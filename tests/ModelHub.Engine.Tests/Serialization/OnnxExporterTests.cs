using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Serialization.Onnx;
using ModelHub.Engine.Tests.Ensembles;
using ModelHub.Engine.Tests.Inference;

namespace ModelHub.Engine.Tests.Serialization;

public class OnnxExporterTests
{
    private static readonly RandomForests Shape = new() { Trees = 6, Leaves = 10, Cardinalities = [0, 0, 5, 40] };

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void A_forest_scores_alike_from_its_graph(int outputs, bool vectors)
    {
        var shape = Shape with { Outputs = outputs, VectorLeaves = vectors };
        AssertParity(shape.Draw(3), shape, outputs == 1 ? ["no", "yes"] : ["a", "b", "c"]);
    }

    [Fact]
    public void A_linear_model_and_a_blend_score_alike()
    {
        var linear = new LinearModel
        {
            Offset = [0, 1, 2, 8], Cardinality = [0, 0, 5, 40], Mean = [1, 2, 0, 0], Scale = [2, 3, 1, 1], Link = Link.Logistic, Intercept = [0.25],
            Weights = [[0.5, -0.25, .. Enumerable.Range(0, 47).Select(i => i / 9.0 - 2)]],
        };
        AssertParity(linear, Shape, ["no", "yes"]);
        AssertParity(new Blend([linear, Shape.Draw(4)], [0.4, 0.6]), Shape, ["no", "yes"]);
    }

    [Fact]
    public void A_network_scores_alike()
    {
        var random = new SeededRandom(8);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
        AssertParity(
            new NetworkModel
            {
                Cardinality = [0, 0, 5, 40], Width = [1, 1, 3, 1], Center = [1, -2, 0, 0], Scale = [2, 0.5f, 1, 1], Vectors = [[], [], Draw(18), Draw(41)],
                Weights = [Draw(6 * 16), Draw(16 * 8)], Biases = [Draw(16), Draw(8)], Offset = 0.5, Unit = 2, OutputCount = 3, Link = Link.Softmax,
            },
            Shape, ["a", "b", "c"]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Nearest_neighbours_score_alike(int classes)
    {
        var rows = Shape.Rows(9, 90);
        var set = new TrainingSet(rows, [.. Enumerable.Range(0, 90).Select(r => (double)(r % classes))], classes == 2 ? TaskKind.Binary : TaskKind.Multiclass, classes);
        AssertParity(new NearestNeighbours(new NeighbourOptions { Neighbours = 7 }).Fit(set, new FitContext()), Shape, classes == 2 ? ["no", "yes"] : ["a", "b", "c"]);
    }

    [Fact]
    public void A_stack_scores_alike() => AssertParity(StackedModelTests.Draw(), Shape, ["a", "b", "c"]);

    [Fact]
    public void Texts_are_mapped_to_codes_and_unknown_ones_are_missing()
    {
        var forest = Shape.Draw(5);
        string[] levels = ["red", "green", "blue", "black", "white"];
        var inputs = new OnnxInput[] { new("x"), new("y"), new("colour", levels), new("place") };
        var graph = new OnnxInterpreter(OnnxExporter.Export(forest, inputs, null));
        foreach (var (text, code) in new[] { ("green", 1f), ("white", 4f), ("", float.NaN), ("pink", float.NaN) })
        {
            var ours = new double[1];
            forest.Score([1.5f, float.NaN, code, 7], ours);
            var theirs = graph.Run(new() { ["x"] = new[] { 1.5f }, ["y"] = new[] { float.NaN }, ["colour"] = new[] { text }, ["place"] = new[] { 7f } });
            Assert.Equal(ours[0], ((float[])theirs["scores"])[0], 5);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.Throws<EngineException>(() => OnnxExporter.Export(Shape.Draw(1), [new OnnxInput("x")], null));
        Assert.Throws<EngineException>(() => OnnxExporter.Export(Shape.Draw(1), null, ["a", "b", "c"]));
        Assert.Throws<EngineException>(() => OnnxExporter.Export(Shape.Draw(1), [new("x"), new("x"), new("y"), new("z")], null));
    }

    private static void AssertParity(IModel model, RandomForests shape, string[] classes)
    {
        var graph = new OnnxInterpreter(OnnxExporter.Export(model, null, classes));
        var rows = shape.Rows(6, 60);
        var row = new float[model.FeatureCount];
        var scores = new double[model.OutputCount];
        for (var r = 0; r < rows.RowCount; r++)
        {
            rows.CopyRow(r, row);
            model.Score(row, scores);
            if (!scores.All(double.IsFinite))
                continue;
            var results = graph.Run(new() { ["features"] = row.ToArray() });
            Assert.InRange(OnnxExporter.LargestDifference(scores, (float[])results["scores"]) / Math.Max(1, scores.Max(Math.Abs)), 0, 2e-6);
            var probabilities = (float[])results["probabilities"];
            Assert.Equal(1, probabilities.Sum(), 4);
            Assert.Equal(classes[Array.IndexOf(probabilities, probabilities.Max())], ((string[])results["label"])[0]);
        }
    }
}

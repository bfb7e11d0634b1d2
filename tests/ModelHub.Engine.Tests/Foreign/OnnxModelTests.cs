using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Serialization.Foreign;
using ModelHub.Engine.Serialization.Onnx;
using ModelHub.Engine.Tests.Ensembles;
using ModelHub.Engine.Tests.Inference;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Foreign;

/// <summary>ONNX graphs that are only trees or weights are models of ours; all others are not touched. Beside ONNX Runtime: OnnxForestTests.</summary>
public class OnnxModelTests
{
    private static readonly RandomForests Shape = new() { Trees = 6, Leaves = 10, Cardinalities = [0, 0, 0, 0] };
    private static readonly OnnxInput[] Names = [new("w"), new("x"), new("y"), new("z")];

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void A_forest_comes_back(int outputs, bool vectors)
    {
        var forest = Drawn(3, outputs, vectors);
        var read = Same(forest, outputs == 1 ? ["no", "yes"] : ["a", "b", "c"]);
        Assert.Equal(outputs == 1 ? TaskKind.Binary : TaskKind.Multiclass, read.Task);
        Assert.Equal(outputs == 1 ? ["0", "1"] : ["0", "1", "2"], read.Classes);
        Assert.Equal(["w", "x", "y", "z"], read.Inputs.Select(i => i.Name));
        Assert.Equal("ONNX", read.Header.Algorithm);
        // Hit rates are in the file, so that contributions are those of the forest itself.
        var (ours, theirs) = (new ShapExplainer(forest), new ShapExplainer(read.Model));
        var (wanted, found) = (new double[ours.Width], new double[ours.Width]);
        ours.Explain([1, 0.5f, float.NaN, -2], wanted);
        theirs.Explain([1, 0.5f, float.NaN, -2], found);
        for (var i = 0; i < wanted.Length; i++)
            Assert.Equal(wanted[i], found[i], 1e-6);
    }

    [Fact]
    public void Regressions_linear_models_and_blends_come_back()
    {
        var linear = new LinearModel
        {
            Offset = [0, 1, 2, 3], Cardinality = [0, 0, 0, 0], Mean = [1, 2, 0, -1], Scale = [2, 3, 1, 1], Link = Link.Logistic, Intercept = [0.25], Weights = [[0.5, -0.25, 1, 2]],
        };
        Assert.Equal(TaskKind.Regression, Same(Drawn(4), null).Task);
        Assert.IsType<LinearModel>(Same(linear, ["no", "yes"]).Model);
        var blend = new Blend([linear, Drawn(4)], [0.4, 0.6]);
        Same(blend, ["no", "yes"]);
        Same(new Blend([blend, Drawn(5)], [0.3, 0.7]), null);
    }

    [Fact]
    public void What_is_more_than_trees_or_weights_is_not_read()
    {
        var categories = (Shape with { Cardinalities = [0, 0, 5, 0] }).Draw(1);
        Assert.Null(Read(OnnxExporter.Export(categories, Names, ["no", "yes"])));
        Assert.Null(Read(OnnxExporter.Export(Drawn(1), [.. Names.Take(3), new OnnxInput("z", ["red", "green"])], ["no", "yes"])));
        Assert.Null(Read(OnnxExporter.Export(Drawn(1), null, ["no", "yes"])));
        var stack = StackedModelTests.Draw();
        Assert.Null(Read(OnnxExporter.Export(stack, [.. Enumerable.Range(0, stack.FeatureCount).Select(f => new OnnxInput("f" + f))], ["a", "b", "c"])));
    }

    [Theory]
    [InlineData("BRANCH_LEQ")]
    [InlineData("BRANCH_LT")]
    [InlineData("BRANCH_GT")]
    [InlineData("BRANCH_GTE")]
    public void Comparisons_hold_at_the_threshold_and_beside_it(string mode)
    {
        foreach (var threshold in new[] { 1.5f, 0, -0f, float.Epsilon, -3e38f, 3e38f })
        {
            foreach (var missing in new[] { false, true })
            {
                var model = Read(Graph(mode: mode, threshold: threshold, missing: missing))!;
                foreach (var value in new[]
                {
                    threshold, MathF.BitIncrement(threshold), MathF.BitDecrement(threshold), float.NaN, 0, -0f, float.PositiveInfinity, float.NegativeInfinity,
                })
                {
                    var holds = float.IsNaN(value) ? missing : mode switch
                    {
                        "BRANCH_LEQ" => value <= threshold, "BRANCH_LT" => value < threshold, "BRANCH_GT" => value > threshold, _ => value >= threshold,
                    };
                    var row = new Table([new NumericColumn("a", ColumnKind.Numeric, [9]), new NumericColumn("b", ColumnKind.Numeric, [value])], 1);
                    Assert.Equal(holds ? 11 : 12, model.Predict(row)[0]);
                }
            }
        }
    }

    [Theory]
    [InlineData("as it is", true)]
    [InlineData("everything but missing", true)]
    [InlineData("a mean of trees", false)]
    [InlineData("a transform", false)]
    [InlineData("an unknown attribute", false)]
    [InlineData("a base too many", false)]
    [InlineData("equality", false)]
    [InlineData("no comparison", false)]
    [InlineData("two parents", false)]
    [InlineData("a cycle", false)]
    [InlineData("a child outside", false)]
    [InlineData("a tree in two pieces", false)]
    [InlineData("a leaf without weight", false)]
    [InlineData("two weights", false)]
    [InlineData("a weight of a split", false)]
    [InlineData("another target", false)]
    [InlineData("targets without end", false)]
    [InlineData("a feature outside", false)]
    [InlineData("a threshold that is none", false)]
    [InlineData("less than infinity", false)]
    [InlineData("lists of other lengths", false)]
    [InlineData("a node twice", false)]
    [InlineData("an endless weight", false)]
    [InlineData("a column of texts", false)]
    [InlineData("wide columns", false)]
    [InlineData("a fixed number of rows", false)]
    [InlineData("columns in another order", false)]
    [InlineData("a node beside", false)]
    [InlineData("another output", false)]
    [InlineData("another opset", false)]
    [InlineData("another domain", false)]
    [InlineData("a function", false)]
    public void Whatever_is_not_understood_is_left_alone(string how, bool isRead) => Assert.Equal(isRead, Read(Graph(how)) is not null);

    [Fact]
    public void Broken_files_do_no_harm()
    {
        Mutations.Try(OnnxExporter.Export(Drawn(3, 3, true), Names, ["a", "b", "c"]), 1000);
        Mutations.Try(Graph(), 3000);
        Assert.Null(Read([]));
    }

    private static TrainedModel? Read(byte[] file) => ForeignModel.TryRead(file).Model;

    private static Forest Drawn(ulong seed, int outputs = 1, bool vectors = false)
    {
        var forest = (Shape with { Outputs = outputs, VectorLeaves = vectors }).Draw(seed);
        // A split between numbers and what is missing, as training makes it.
        foreach (var tree in forest.Trees)
            tree.Threshold.AsSpan().Replace(float.MaxValue, float.PositiveInfinity);
        return forest;
    }

    private static TrainedModel Same(IModel model, string[]? classes)
    {
        var read = Read(OnnxExporter.Export(model, Names, classes));
        Assert.NotNull(read);
        var rows = Shape.Rows(6, 200);
        var row = new float[model.FeatureCount];
        var (wanted, found) = (new double[model.OutputCount], new double[model.OutputCount]);
        for (var r = 0; r < rows.RowCount; r++)
        {
            rows.CopyRow(r, row);
            model.Score(row, wanted);
            read.Model.Score(row, found);
            // Starts, weights and means are single precision in the file.
            for (var o = 0; o < wanted.Length; o++)
                Assert.True(wanted[o].Equals(found[o]) || Math.Abs(wanted[o] - found[o]) < 1e-6 * Math.Max(1, Math.Abs(wanted[o])), $"{wanted[o]} {found[o]}");
        }
        return read;
    }

    /// <summary>b compared with a threshold ? 1 : 2, and 10 more.</summary>
    private static byte[] Graph(string how = "", string mode = "BRANCH_LEQ", float threshold = 1.5f, bool missing = false)
    {
        var graph = new OnnxGraph();
        graph.AddInput("a", how == "a column of texts", how == "wide columns" ? 2 : 1);
        graph.AddInput("b", how == "a column of texts", how == "wide columns" ? 2 : 1);
        string[] columns = how == "columns in another order" ? ["b", "a"] : ["a", "b"];
        var features = graph.AddNode("Concat", columns, null, null, OnnxGraph.Attribute("axis", 1L));
        long[] trees = how == "a tree in two pieces" ? [0, 0, 0, 1, 0] : [0, 0, 0], nodes = how switch { "a node twice" => [0, 1, 1], "a tree in two pieces" => [0, 1, 2, 0, 3], _ => [0, 1, 2] };
        string split = how switch { "equality" => "BRANCH_EQ", "no comparison" => "BRANCH", "less than infinity" => "BRANCH_LT", _ => mode };
        threshold = how switch { "a threshold that is none" => float.NaN, "everything but missing" or "less than infinity" => float.PositiveInfinity, _ => threshold };
        long yes = how switch { "a cycle" => 0, "a child outside" => 7, _ => 1 }, no = how switch { "two parents" => 1, "a tree in two pieces" => 3, _ => 2 };
        long[] weighted = how switch { "a leaf without weight" => [1], "two weights" => [1, 2, 2], "a weight of a split" => [0, 1, 2], _ => [1, 2] };
        T[] PerNode<T>(T first, T rest) => [first, .. Enumerable.Repeat(rest, trees.Length - (how == "lists of other lengths" ? 2 : 1))];
        var attributes = new List<ProtobufWriter>
        {
            OnnxGraph.Attribute("n_targets", how == "targets without end" ? 1L << 40 : 1L),
            OnnxGraph.Attribute("base_values", how == "a base too many" ? [10f, 10f] : new[] { 10f }),
            OnnxGraph.Attribute("nodes_treeids", trees), OnnxGraph.Attribute("nodes_nodeids", nodes),
            OnnxGraph.Attribute("nodes_featureids", PerNode(how == "a feature outside" ? 2L : 1L, 0L)), OnnxGraph.Attribute("nodes_values", PerNode(threshold, 0f)),
            OnnxGraph.Attribute("nodes_modes", PerNode(split, "LEAF")), OnnxGraph.Attribute("nodes_truenodeids", PerNode(yes, 0L)),
            OnnxGraph.Attribute("nodes_falsenodeids", PerNode(no, 0L)), OnnxGraph.Attribute("nodes_missing_value_tracks_true", PerNode(missing ? 1L : 0L, 0L)),
            OnnxGraph.Attribute("target_treeids", weighted.Select(_ => 0L)), OnnxGraph.Attribute("target_nodeids", weighted),
            OnnxGraph.Attribute("target_ids", weighted.Select(_ => how == "another target" ? 1L : 0L)),
            OnnxGraph.Attribute("target_weights", weighted.Select(n => how == "an endless weight" ? float.PositiveInfinity : n)),
        };
        if (how == "a mean of trees")
            attributes.Add(OnnxGraph.Attribute("aggregate_function", "AVERAGE"));
        if (how == "a transform")
            attributes.Add(OnnxGraph.Attribute("post_transform", "LOGISTIC"));
        if (how == "an unknown attribute")
            attributes.Add(OnnxGraph.Attribute("nodes_colours", new[] { 1L }));
        var sum = graph.AddNode("TreeEnsembleRegressor", [features], how == "another domain" ? "com.example" : "ai.onnx.ml", null, [.. attributes]);
        graph.AddOutput(graph.AddNode("Identity", [sum], null, "prediction"), 1);
        graph.AddOutput(graph.AddNode("Identity", [sum], null, "scores"), 1);
        if (how == "a node beside")
            graph.AddNode("Identity", [features]);
        if (how == "another output")
            graph.AddOutput(graph.AddNode("Identity", [sum], null, "more"), 1);
        var model = graph.ToModel();
        return how switch
        {
            "another opset" => [.. model, .. new ProtobufWriter().Message(8, new ProtobufWriter().Text(1, "com.example").Integer(2, 1)).ToArray()],
            "a function" => [.. model, .. new ProtobufWriter().Message(25, new ProtobufWriter().Text(1, "f")).ToArray()],
            "a fixed number of rows" => Replaced(model, [0x12, 1, (byte)'N'], [0x08, 0x80, 0x01]),
            _ => model,
        };
    }

    /// <summary>The same with other bytes wherever some stand.</summary>
    private static byte[] Replaced(byte[] bytes, ReadOnlySpan<byte> wanted, ReadOnlySpan<byte> other)
    {
        for (var at = 0; bytes.AsSpan(at).IndexOf(wanted) is >= 0 and var next; at += next + other.Length)
            other.CopyTo(bytes.AsSpan(at + next));
        return bytes;
    }
}

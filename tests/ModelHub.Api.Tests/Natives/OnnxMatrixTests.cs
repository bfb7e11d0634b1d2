using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Search;
using ModelHub.Engine.Serialization.Onnx;
using ModelHub.Infrastructure.Natives;

namespace ModelHub.Api.Tests.Natives;

/// <summary>Many inputs as one: only where nothing else is done with them, and with the same numbers to the last bit.</summary>
public class OnnxMatrixTests
{
    [NativeFact]
    public async Task A_graph_answers_the_same_bits()
    {
        var (train, rows) = (Rows(200, seed: 1), Rows(500, seed: 2));
        var options = new AutoMlOptions { Target = "target", Folds = 2, MaxModels = 4, Threads = 2 };
        var found = AutoMlSearch.Run(train, options, null, TimeProvider.System, CancellationToken.None);
        foreach (var model in found.Candidates.Where(c => c.Model is not null).Select(c => c.Model!))
        {
            var onnx = OnnxExporter.Export(model);
            Assert.Equal(["a", "b", "c"], OnnxMatrix.Of(onnx)!.Columns);
            // An empty second part of the graph changes nothing but that the graph is loaded as it is.
            byte[] asItIs = [.. onnx, 7 << 3 | 2, 0];
            Assert.Null(OnnxMatrix.Of(asItIs));
            var (merged, plain) = (await ScoresAsync(onnx), await ScoresAsync(asItIs));
            Assert.Equal(plain.Inputs, merged.Inputs);
            Assert.Equal(plain.Table.Select(BitConverter.DoubleToInt64Bits), merged.Table.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(plain.Row, merged.Row);
        }

        async Task<(string[] Inputs, double[] Table, double[] Row)> ScoresAsync(byte[] onnx)
        {
            var runtime = new OnnxRuntime(NativeLibraries.Of(""));
            await runtime.ProbeAsync(onnx, CancellationToken.None);
            await using var runner = runtime.Load(onnx, new ModelTarget(TaskKind.Binary, "target", ["0", "1"]));
            // Columns go by name, in whatever order they come; one that is not there is missing.
            var reversed = new Table([.. rows.Columns.Take(3).Reverse()], rows.RowCount);
            var row = new Table([rows.Columns[2].Take([3]), rows.Columns[0].Take([3])], 1);
            return ([.. runner.Header.Inputs.Select(i => i.Name)], await runner.PredictAsync(reversed, CancellationToken.None),
                [.. await runner.PredictAsync(row, CancellationToken.None), .. await runner.PredictAsync(row, CancellationToken.None)]);
        }
    }

    [Theory]
    [InlineData("as it is", true)]
    [InlineData("axis -1", true)]
    [InlineData("axis 0", false)]
    [InlineData("no axis", false)]
    [InlineData("other order", false)]
    [InlineData("one left out", false)]
    [InlineData("something beside", false)]
    [InlineData("another type", false)]
    [InlineData("two columns each", false)]
    [InlineData("any number of columns", false)]
    [InlineData("read again", false)]
    [InlineData("put together twice", false)]
    [InlineData("written again", false)]
    [InlineData("a graph within", false)]
    [InlineData("a value by itself", false)]
    [InlineData("an input as output", false)]
    [InlineData("the matrix as output", false)]
    [InlineData("another Concat", false)]
    [InlineData("an input twice", false)]
    public void Only_inputs_that_are_put_side_by_side_and_nothing_else_become_one(string how, bool isOne)
    {
        string[] read = how switch
        {
            "other order" => ["b", "a"], "one left out" => ["a"], "something beside" => ["a", "b", "k"], _ => ["a", "b"],
        };
        var concat = Node("Concat", read, "x", how == "no axis" ? null : Attribute("axis").Integer(3, how == "axis 0" ? 0 : how == "axis -1" ? -1 : 1));
        if (how == "another Concat")
            concat.Text(7, "com.example");
        var graph = new ProtobufWriter().Message(1, concat).Message(1, Node("Identity", ["x"], "y"));
        foreach (var node in how switch
        {
            "read again" => [Node("Identity", ["b"], "z")],
            "put together twice" => [Node("Concat", read, "z", Attribute("axis").Integer(3, 1))],
            "written again" => [Node("Identity", ["x"], "a")],
            "a graph within" => [Node("If", ["x"], "z", Attribute("then_branch").Message(6, new ProtobufWriter()))],
            _ => Array.Empty<ProtobufWriter>(),
        })
            graph.Message(1, node);
        if (how == "a value by itself")
            graph.Message(5, new ProtobufWriter().Text(8, "b"));
        long? width = how switch { "two columns each" => 2, "any number of columns" => null, _ => 1 };
        graph.Message(11, Value("a", 1, width)).Message(11, Value(how == "an input twice" ? "a" : "b", how == "another type" ? 11 : 1, width));
        graph.Message(12, Value(how == "an input as output" ? "a" : how == "the matrix as output" ? "x" : "y", 1, 2));

        var model = new ProtobufWriter().Integer(1, 8).Message(7, graph).Message(8, new ProtobufWriter().Integer(2, 17)).ToArray();
        var matrix = OnnxMatrix.Of(model);
        Assert.Equal(isOne, matrix is not null);
        if (matrix is not null)
            Assert.Equal(
                new ProtobufWriter().Integer(1, 8)
                    .Message(7, new ProtobufWriter().Message(11, Value("x", 1, 2)).Message(1, Node("Identity", ["x"], "y")).Message(12, Value("y", 1, 2)))
                    .Message(8, new ProtobufWriter().Integer(2, 17)).ToArray(), matrix.Model);
    }

    private static ProtobufWriter Attribute(string name) => new ProtobufWriter().Text(1, name);

    private static ProtobufWriter Node(string operation, string[] inputs, string output, ProtobufWriter? attribute = null)
    {
        var node = new ProtobufWriter();
        foreach (var input in inputs)
            node.Text(1, input);
        node.Text(2, output).Text(4, operation);
        return attribute is null ? node : node.Message(5, attribute);
    }

    private static ProtobufWriter Value(string name, int type, long? width)
    {
        var side = width is { } fixedWidth ? new ProtobufWriter().Integer(1, fixedWidth) : new ProtobufWriter();
        var shape = new ProtobufWriter().Message(1, new ProtobufWriter().Text(2, "N")).Message(1, side);
        return new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(1, new ProtobufWriter().Integer(1, type).Message(2, shape)));
    }

    private static Table Rows(int count, int seed)
    {
        var random = new Random(seed);
        double[] Numbers() => [.. Enumerable.Range(0, count).Select(r => r % 9 == 0 ? double.NaN : random.NextDouble() * 10 - 5)];
        var (a, b, c) = (Numbers(), Numbers(), Numbers());
        double[] target = [.. a.Select((n, r) => n + b[r] > 0 ? 1.0 : 0)];
        return new Table(
            [
                new NumericColumn("a", ColumnKind.Numeric, a), new NumericColumn("b", ColumnKind.Numeric, b), new NumericColumn("c", ColumnKind.Numeric, c),
                new NumericColumn("target", ColumnKind.Integer, target),
            ],
            count);
    }
}

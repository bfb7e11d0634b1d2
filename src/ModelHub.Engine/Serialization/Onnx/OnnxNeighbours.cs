using ModelHub.Engine.Neighbours;

namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>
/// Nearest neighbours as a graph: the distances to all stored rows, summed feature by feature in the same order and precision as ours, so that the
/// same rows are nearest; then the labels of the nearest, weighted.
/// </summary>
internal static class OnnxNeighbours
{
    public static string Add(OnnxGraph graph, NeighbourModel model, string features)
    {
        var rows = model.RowCount;
        var distances = "";
        for (var f = 0; f < model.FeatureCount; f++)
        {
            var stored = Enumerable.Range(0, rows).Select(r => model.Cells[NeighbourModel.Place(r, f, model.FeatureCount)]).ToArray();
            var own = OnnxExporter.Take(graph, features, [f]);
            own = model.Cardinality[f] == 0 ? OnnxNetworks.Scaled(graph, own, [model.Center[f]], [model.Scale[f]]) : Code(graph, own, model.Cardinality[f]);
            var difference = graph.AddNode("Sub", [own, graph.AddConstant(stored, 1, rows)]);
            var square = graph.AddNode("Mul", [difference, difference]);
            if (model.Cardinality[f] > 0)
                square = graph.AddNode("Min", [square, graph.AddConstant([1], 1)]);
            distances = distances.Length == 0 ? square : graph.AddNode("Add", [distances, square]);
        }
        var (nearest, at) = graph.AddTopK(distances, model.Neighbours, largest: false);
        // Where even the farthest neighbour is at the same place, all are.
        var farthest = graph.AddNode("Max", [graph.AddNode("ReduceMax", [nearest], null, null, OnnxGraph.Attribute("axes", [1L])), graph.AddConstant([1e-30f], 1)]);
        var place = graph.AddNode("Add", [graph.AddNode("Div", [nearest, farthest]), graph.AddConstant([(float)NeighbourModel.Nearest], 1)]);
        var weights = graph.AddNode("Div", [graph.AddConstant([1], 1), place]);
        var all = Total(graph, weights);
        if (model.Prior.Length == 0)
            return graph.AddNode("Div", [Total(graph, graph.AddNode("Mul", [weights, Labels(graph, model, at, l => (float)l)])), all]);
        var logs = Enumerable.Range(0, model.Prior.Length).Select(k =>
        {
            var share = graph.AddNode("Div", [Total(graph, graph.AddNode("Mul", [weights, Labels(graph, model, at, l => l == k ? 1 : 0)])), all]);
            var counted = graph.AddNode("Mul", [share, graph.AddConstant([model.Neighbours], 1)]);
            return graph.AddNode("Log", [graph.AddNode("Add", [counted, graph.AddConstant([(float)model.Prior[k]], 1)])]);
        }).ToArray();
        return model.OutputCount == 1 ? graph.AddNode("Sub", [logs[1], logs[0]])
            : graph.AddNode("Concat", logs, null, null, OnnxGraph.Attribute("axis", 1L));
    }

    /// <summary>The nearest rows' labels.</summary>
    private static string Labels(OnnxGraph graph, NeighbourModel model, string at, Func<double, float> label) =>
        graph.AddNode("Gather", [graph.AddConstant([.. model.Labels.Select(label)], model.RowCount), at]);

    private static string Total(OnnxGraph graph, string values) => graph.AddNode("ReduceSum", [values, graph.AddIndices([1])]);

    /// <summary>A category's code; a missing or unknown one has the last.</summary>
    private static string Code(OnnxGraph graph, string codes, int cardinality) => graph.AddNode("LabelEncoder", [codes], "ai.onnx.ml", null,
        OnnxGraph.Attribute("keys_floats", Enumerable.Range(0, cardinality).Select(k => (float)k)),
        OnnxGraph.Attribute("values_floats", Enumerable.Range(0, cardinality).Select(k => (float)k)), OnnxGraph.Attribute("default_float", (float)cardinality));
}

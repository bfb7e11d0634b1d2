using ModelHub.Engine.Networks;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>A network as a graph: numbers imputed, scaled and bent, categories gathered from their vectors, then the layers.</summary>
internal static class OnnxNetworks
{
    public static string Add(OnnxGraph graph, NetworkModel model, string features)
    {
        var parts = new List<string>();
        for (int f = 0, from = 0; f <= model.FeatureCount; f++)
        {
            if (f < model.FeatureCount && model.Cardinality[f] == 0)
                continue;
            if (f > from)
                parts.Add(Numbers(graph, model, features, [.. Enumerable.Range(from, f - from)]));
            if (f < model.FeatureCount)
                parts.Add(Vectors(graph, model, features, f));
            from = f + 1;
        }
        var values = parts.Count == 1 ? parts[0] : graph.AddNode("Concat", parts, null, null, OnnxGraph.Attribute("axis", 1L));
        long inputs = model.InputWidth;
        for (var layer = 0; layer < model.Weights.Length; layer++)
        {
            var outputs = model.Biases[layer].Length;
            values = graph.AddNode("MatMul", [values, graph.AddConstant(model.Weights[layer], inputs, outputs)]);
            values = graph.AddNode("Add", [values, graph.AddConstant(model.Biases[layer], 1, outputs)]);
            if (layer + 1 < model.Weights.Length)
                values = graph.AddNode("Relu", [values]);
            inputs = outputs;
        }
        var scores = OnnxExporter.Take(graph, values, [.. Enumerable.Range(0, model.OutputCount)]);
        return graph.AddNode("Add", [graph.AddNode("Mul", [scores, graph.AddConstant([(float)model.Unit], 1)]), graph.AddConstant([(float)model.Offset], 1)]);
    }

    /// <summary>Numbers as <see cref="RobustScale"/> makes them, columns side by side.</summary>
    internal static string Scaled(OnnxGraph graph, string values, float[] center, float[] scale)
    {
        var whole = graph.AddNode("Imputer", [values], "ai.onnx.ml", null,
            OnnxGraph.Attribute("imputed_value_floats", center), OnnxGraph.Attribute("replaced_value_float", float.NaN));
        var centred = graph.AddNode("Sub", [whole, graph.AddConstant(center, 1, center.Length)]);
        var scaled = graph.AddNode("Mul", [centred, graph.AddConstant(scale, 1, scale.Length)]);
        scaled = graph.AddNode("Clip", [scaled, graph.AddConstant([-RobustScale.Most]), graph.AddConstant([RobustScale.Most])]);
        var part = graph.AddNode("Div", [scaled, graph.AddConstant([RobustScale.Clip], 1)]);
        var square = graph.AddNode("Add", [graph.AddNode("Mul", [part, part]), graph.AddConstant([1], 1)]);
        return graph.AddNode("Div", [scaled, graph.AddNode("Sqrt", [square])]);
    }

    private static string Numbers(OnnxGraph graph, NetworkModel model, string features, int[] columns) => Scaled(
        graph, OnnxExporter.Take(graph, features, columns), [.. columns.Select(f => model.Center[f])], [.. columns.Select(f => model.Scale[f])]);

    private static string Vectors(OnnxGraph graph, NetworkModel model, string features, int f)
    {
        var codes = OnnxExporter.Take(graph, features, [f]);
        var parts = Enumerable.Range(0, model.Width[f]).Select(w => graph.AddNode("LabelEncoder", [codes], "ai.onnx.ml", null,
            OnnxGraph.Attribute("keys_floats", Enumerable.Range(0, model.Cardinality[f]).Select(k => (float)k)),
            OnnxGraph.Attribute("values_floats", Enumerable.Range(0, model.Cardinality[f]).Select(k => model.Vectors[f][k * model.Width[f] + w])),
            OnnxGraph.Attribute("default_float", model.Vectors[f][model.Cardinality[f] * model.Width[f] + w]))).ToArray();
        return parts.Length == 1 ? parts[0] : graph.AddNode("Concat", parts, null, null, OnnxGraph.Attribute("axis", 1L));
    }
}

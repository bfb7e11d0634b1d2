using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>An input of an exported model: one feature, as a number or as the text of a category that the graph maps to its code.</summary>
/// <param name="Levels">Texts by code; null for a number (or for a category that comes as its code).</param>
public sealed record OnnxInput(string Name, IReadOnlyList<string>? Levels = null);

/// <summary>
/// Forests, linear models, networks and their blends as ONNX. Outputs: "scores" (raw, N × outputs), then for classification "probabilities"
/// (N × classes) and "label" (texts), for regression "prediction" (N × 1). ONNX computes in single precision, so predictions differ from ours in
/// the last digits: <see cref="LargestDifference"/> says by how much.
/// </summary>
public static class OnnxExporter
{
    /// <param name="inputs">One per feature, each an input [N, 1] of its own; null for one input "features" [N, features] of prepared numbers.</param>
    /// <param name="classes">Labels by class, null for regression.</param>
    /// <exception cref="EngineException">The model has no ONNX form, or the inputs or classes do not fit it.</exception>
    public static byte[] Export(IModel model, IReadOnlyList<OnnxInput>? inputs, IReadOnlyList<string>? classes)
    {
        if (inputs is not null && inputs.Count != model.FeatureCount)
            throw new EngineException($"The model has {model.FeatureCount} features, {inputs.Count} inputs are named.");
        if (inputs is not null && inputs.Select(i => i.Name).Distinct(StringComparer.Ordinal).Count() != inputs.Count)
            throw new EngineException("Two inputs have the same name.");
        if (classes is not null && classes.Count != Math.Max(2, model.OutputCount))
            throw new EngineException($"The model's scores do not fit {classes.Count} classes.");
        var graph = new OnnxGraph();
        var scores = graph.AddNode("Identity", [AddModel(graph, model, AddInputs(graph, inputs, model.FeatureCount))], null, "scores");
        graph.AddOutput("scores", model.OutputCount);
        AddOutputs(graph, model, scores, classes);
        return graph.ToModel();
    }

    /// <summary>The largest absolute difference between our numbers and those of an exported model; infinite when one is NaN and the other not.</summary>
    public static double LargestDifference(ReadOnlySpan<double> ours, ReadOnlySpan<float> theirs)
    {
        if (ours.Length != theirs.Length)
            throw new ArgumentException($"There are {ours.Length} numbers of ours and {theirs.Length} of theirs.", nameof(theirs));
        var worst = 0.0;
        for (var i = 0; i < ours.Length; i++)
        {
            if (double.IsNaN(ours[i]) != float.IsNaN(theirs[i]))
                return double.PositiveInfinity;
            worst = Math.Max(worst, double.IsNaN(ours[i]) || ours[i] == theirs[i] ? 0 : Math.Abs(ours[i] - theirs[i]));
        }
        return worst;
    }

    private static string AddInputs(OnnxGraph graph, IReadOnlyList<OnnxInput>? inputs, int features)
    {
        if (inputs is null)
        {
            graph.AddInput("features", false, features);
            return "features";
        }
        var columns = new List<string>();
        foreach (var input in inputs)
        {
            graph.AddInput(input.Name, input.Levels is not null, 1);
            columns.Add(input.Levels is { } levels ? Encode(graph, input.Name, levels) : input.Name);
        }
        return graph.AddNode("Concat", columns, null, null, OnnxGraph.Attribute("axis", 1L));
    }

    /// <summary>Texts to codes; an unknown or empty one is missing.</summary>
    private static string Encode(OnnxGraph graph, string input, IReadOnlyList<string> levels) =>
        graph.AddNode("LabelEncoder", [input], "ai.onnx.ml", null, OnnxGraph.Attribute("keys_strings", levels.DefaultIfEmpty("")),
            OnnxGraph.Attribute("values_floats", levels.Count == 0 ? [float.NaN] : Enumerable.Range(0, levels.Count).Select(k => (float)k)),
            OnnxGraph.Attribute("default_float", float.NaN));

    private static string AddModel(OnnxGraph graph, IModel model, string features) => model switch
    {
        Forest forest => OnnxTrees.Add(graph, forest, features),
        CompiledForest compiled => OnnxTrees.Add(graph, compiled.Forest, features),
        LinearModel linear => AddLinear(graph, linear, features),
        NetworkModel network => OnnxNetworks.Add(graph, network, features),
        Blend blend => graph.AddNode("Sum", [.. blend.Members.Select((member, m) =>
            graph.AddNode("Mul", [AddModel(graph, member, features), graph.AddConstant([(float)blend.Weights[m]], 1)]))]),
        _ => throw new EngineException($"A {model.GetType().Name} has no ONNX form here."),
    };

    /// <summary>Numbers are imputed, centred and multiplied; a category's weight is looked up, once per output.</summary>
    private static string AddLinear(OnnxGraph graph, LinearModel model, string features)
    {
        var sums = new List<string> { graph.AddConstant([.. model.Intercept.Select(b => (float)b)], 1, model.OutputCount) };
        var numbers = Enumerable.Range(0, model.FeatureCount).Where(f => model.Cardinality[f] == 0).ToArray();
        if (numbers.Length > 0)
        {
            var taken = Take(graph, features, numbers);
            var whole = graph.AddNode("Imputer", [taken], "ai.onnx.ml", null,
                OnnxGraph.Attribute("imputed_value_floats", numbers.Select(f => (float)model.Mean[f])), OnnxGraph.Attribute("replaced_value_float", float.NaN));
            var centred = graph.AddNode("Sub", [whole, graph.AddConstant([.. numbers.Select(f => (float)model.Mean[f])], 1, numbers.Length)]);
            var weights = numbers.SelectMany(f => model.Weights.Select(w => (float)(w[model.Offset[f]] / model.Scale[f]))).ToArray();
            sums.Add(graph.AddNode("MatMul", [centred, graph.AddConstant(weights, numbers.Length, model.OutputCount)]));
        }
        foreach (var f in Enumerable.Range(0, model.FeatureCount).Where(f => model.Cardinality[f] > 0))
        {
            var codes = Take(graph, features, [f]);
            var terms = model.Weights.Select(w => graph.AddNode("LabelEncoder", [codes], "ai.onnx.ml", null,
                OnnxGraph.Attribute("keys_floats", Enumerable.Range(0, model.Cardinality[f]).Select(k => (float)k)),
                OnnxGraph.Attribute("values_floats", w.Skip(model.Offset[f]).Take(model.Cardinality[f]).Select(v => (float)v)),
                OnnxGraph.Attribute("default_float", (float)w[model.Offset[f] + model.Cardinality[f]]))).ToArray();
            sums.Add(terms.Length == 1 ? terms[0] : graph.AddNode("Concat", terms, null, null, OnnxGraph.Attribute("axis", 1L)));
        }
        return graph.AddNode("Sum", sums);
    }

    /// <summary>Some columns of the features.</summary>
    internal static string Take(OnnxGraph graph, string features, int[] columns) =>
        graph.AddNode("ArrayFeatureExtractor", [features, graph.AddIndices(columns)], "ai.onnx.ml");

    private static void AddOutputs(OnnxGraph graph, IModel model, string scores, IReadOnlyList<string>? classes)
    {
        var values = model.Link switch
        {
            Link.Logistic => graph.AddNode("Sigmoid", [scores]),
            Link.Softmax => graph.AddNode("Softmax", [scores], null, null, OnnxGraph.Attribute("axis", 1L)),
            Link.Exponential => graph.AddNode("Exp", [scores]),
            Link.Identity or Link.Probability => scores,
        };
        if (classes is null)
        {
            graph.AddNode("Identity", [values], null, "prediction");
            graph.AddOutput("prediction", model.OutputCount);
            return;
        }
        if (model.OutputCount == 1)
            values = graph.AddNode("Concat", [graph.AddNode("Sub", [graph.AddConstant([1], 1, 1), values]), values], null, null, OnnxGraph.Attribute("axis", 1L));
        graph.AddNode("Identity", [values], null, "probabilities");
        graph.AddOutput("probabilities", classes.Count);
        var best = graph.AddNode("ArgMax", [values], null, null, OnnxGraph.Attribute("axis", 1L), OnnxGraph.Attribute("keepdims", 0L));
        graph.AddNode("LabelEncoder", [best], "ai.onnx.ml", "label",
            OnnxGraph.Attribute("keys_int64s", Enumerable.Range(0, classes.Count).Select(k => (long)k)), OnnxGraph.Attribute("values_strings", classes));
        graph.AddLabelOutput("label", true);
    }
}

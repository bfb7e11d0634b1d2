using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>An input of an exported model: one feature, as a number or as the text of a category that the graph maps to its code.</summary>
/// <param name="Levels">Texts by code; null for a number (or for a category that comes as its code).</param>
public sealed record OnnxInput(string Name, IReadOnlyList<string>? Levels = null);

/// <summary>
/// Forests, linear models, networks, nearest neighbours, their blends and stacks as ONNX. Outputs: for classification "label" (texts) and "probabilities" (N × classes), for regression
/// "prediction" (N × 1), and "scores" (raw, N × outputs). Features and thresholds are single precision in the engine too, so every row falls into the
/// same leaves to the bit; sums and links are single precision in ONNX and double in ours, so predictions differ in the last digits:
/// <see cref="LargestDifference"/> says by how much.
/// </summary>
public static class OnnxExporter
{
    /// <summary>A model with its preparation: one input [N, 1] per column (see <see cref="OnnxInputs"/>), the labels decided by its threshold.</summary>
    /// <exception cref="EngineException">The model or its preparation has no ONNX form.</exception>
    public static byte[] Export(TrainedModel model)
    {
        var graph = new OnnxGraph();
        var features = OnnxInputs.Add(graph, model.Inputs);
        AddAll(graph, model.Model, features, model.Task == TaskKind.Regression ? null : model.Classes, model.Header.Threshold);
        graph.Note("algorithm", model.Header.Algorithm);
        graph.Note("task", model.Task.ToString().ToLowerInvariant());
        graph.Note("target", model.Header.Target);
        return graph.ToModel();
    }

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
        AddAll(graph, model, AddInputs(graph, inputs, model.FeatureCount), classes, 0.5);
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
            columns.Add(input.Levels is { } levels ? OnnxInputs.Encode(graph, input.Name, levels) : input.Name);
        }
        return graph.AddNode("Concat", columns, null, null, OnnxGraph.Attribute("axis", 1L));
    }

    private static string AddModel(OnnxGraph graph, IModel model, string features) => model switch
    {
        Forest forest => OnnxTrees.Add(graph, forest, features),
        CompiledForest compiled => OnnxTrees.Add(graph, compiled.Forest, features),
        LinearModel linear => AddLinear(graph, linear, features),
        NetworkModel network => OnnxNetworks.Add(graph, network, features),
        NeighbourModel neighbours => OnnxNeighbours.Add(graph, neighbours, features),
        StackedModel stack => AddStack(graph, stack, features),
        Blend blend => graph.AddNode("Sum", [.. blend.Members.Select((member, m) =>
            graph.AddNode("Mul", [AddModel(graph, member, features), graph.AddConstant([(float)blend.Weights[m]], 1)]))]),
        _ => throw new EngineException($"A {model.GetType().Name} has no ONNX form here."),
    };

    /// <summary>The members' scores stand behind the features for the second level, and count by themselves too.</summary>
    private static string AddStack(OnnxGraph graph, StackedModel stack, string features)
    {
        string[] scores = [.. stack.Members.Select(m => AddModel(graph, m, features))];
        var wide = graph.AddNode("Concat", [features, .. scores], null, null, OnnxGraph.Attribute("axis", 1L));
        string Weighted(string values, double weight) => graph.AddNode("Mul", [values, graph.AddConstant([(float)weight], 1)]);
        return graph.AddNode(
            "Sum",
            [.. scores.Select((s, m) => (s, m)).Where(p => stack.Weights[p.m] != 0).Select(p => Weighted(p.s, stack.Weights[p.m])), Weighted(AddModel(graph, stack.Second, wide), stack.SecondWeight)]);
    }

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

    private static void AddAll(OnnxGraph graph, IModel model, string features, IReadOnlyList<string>? classes, double threshold)
    {
        var scores = AddModel(graph, model, features);
        var values = model.Link switch
        {
            Link.Logistic => graph.AddNode("Sigmoid", [scores]),
            Link.Softmax => graph.AddNode("Softmax", [scores], null, null, OnnxGraph.Attribute("axis", 1L)),
            Link.Exponential => graph.AddNode("Exp", [scores]),
            Link.Identity or Link.Probability => scores,
        };
        if (classes is null)
            AddOutput(graph, "prediction", values, model.OutputCount);
        else
            AddClasses(graph, values, model.OutputCount, classes, threshold);
        AddOutput(graph, "scores", scores, model.OutputCount);
    }

    private static void AddClasses(OnnxGraph graph, string values, int outputs, IReadOnlyList<string> classes, double threshold)
    {
        // A binary label is positive when its probability exceeds the threshold; of several classes the likeliest wins.
        string number;
        if (outputs == 1)
        {
            var positive = graph.AddNode("Greater", [values, graph.AddConstant([(float)threshold], 1, 1)]);
            number = graph.AddNode("Squeeze", [graph.AddNode("Cast", [positive], null, null, OnnxGraph.Attribute("to", 7L)), graph.AddIndices([1])]);
            values = graph.AddNode("Concat", [graph.AddNode("Sub", [graph.AddConstant([1], 1, 1), values]), values], null, null, OnnxGraph.Attribute("axis", 1L));
        }
        else
        {
            number = graph.AddNode("ArgMax", [values], null, null, OnnxGraph.Attribute("axis", 1L), OnnxGraph.Attribute("keepdims", 0L));
        }
        var label = graph.AddNode("LabelEncoder", [number], "ai.onnx.ml", graph.OutputName("label"),
            OnnxGraph.Attribute("keys_int64s", Enumerable.Range(0, classes.Count).Select(k => (long)k)), OnnxGraph.Attribute("values_strings", classes));
        graph.AddLabelOutput(label, true);
        AddOutput(graph, "probabilities", values, classes.Count);
    }

    private static void AddOutput(OnnxGraph graph, string name, string value, int width) =>
        graph.AddOutput(graph.AddNode("Identity", [value], null, graph.OutputName(name)), width);
}

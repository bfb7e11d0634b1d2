using System.Globalization;
using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Serialization.Onnx;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>
/// ONNX graphs that are nothing but trees or linear models over columns of numbers, as <see cref="OnnxExporter"/> writes them: inputs [N, 1] side by side,
/// sums of forests or of weighted numbers, a link, the classes. Every node has to be understood, so that what is read answers as the graph does (but for
/// sums in double precision); a graph with anything else in it is not read. What the columns and classes are called is what ONNX Runtime would say.
/// </summary>
internal sealed class OnnxModel
{
    public const int MostClasses = 10_000;

    /// <summary>Larger graphs take more memory here than they are worth.</summary>
    private const int MostBytes = 64 << 20;

    /// <summary>Blends of blends.</summary>
    private const int Deepest = 8;

    private readonly OnnxFile _file;
    private readonly HashSet<OnnxNode> _understood = [];
    private string? _features;

    private OnnxModel(OnnxFile file) => _file = file;

    private int FeatureCount => _file.Inputs.Count;

    /// <summary>Null when it is another graph, or a broken one.</summary>
    public static TrainedModel? TryRead(ReadOnlySpan<byte> model)
    {
        if (model.Length > MostBytes)
            return null;
        try
        {
            return new OnnxModel(new OnnxFile(model)).Read();
        }
        catch (Exception other) when (other is EngineException or OverflowException)
        {
            return null;
        }
    }

    private TrainedModel Read()
    {
        // The single column of a model may have any name for ONNX Runtime.
        if (FeatureCount < 2 || _file.Inputs.Exists(i => i is not { Element: OnnxFile.Single, Sides: [null, 1] }))
            throw OnnxFile.Unknown("input");
        var (task, model) = _file.Outputs.Count == 3 ? Classification() : Regression();
        if (_understood.Count != _file.NodeCount || _understood.Any(n => !n.IsRead))
            throw OnnxFile.Unknown("node");
        var classes = task == TaskKind.Regression ? 0 : Math.Max(2, model.OutputCount);
        var inputs = _file.Inputs.Select(i => new InputColumn(i.Name, ColumnKind.Numeric, Encoding.Number, null, null, null, null, 0));
        return new TrainedModel(
            new ModelHeader("ONNX", task, "target", [.. Enumerable.Range(0, classes).Select(c => c.ToString(CultureInfo.InvariantCulture))], 0.5, [.. inputs]), model);
    }

    private (TaskKind Task, IModel Model) Regression()
    {
        RequireOutputs(("prediction", OnnxFile.Single, 1), ("scores", OnnxFile.Single, 1));
        var scores = Take("scores", "Identity", 1).Inputs[0];
        var values = Take("prediction", "Identity", 1).Inputs[0];
        var link = LinkOf(values, scores, Link.Identity);
        var model = Scores(scores, link, 0);
        return link != Link.Softmax && model.OutputCount == 1 ? (TaskKind.Regression, model) : throw OnnxFile.Unknown("output");
    }

    private (TaskKind Task, IModel Model) Classification()
    {
        var scores = Take("scores", "Identity", 1).Inputs[0];
        var probabilities = Take("probabilities", "Identity", 1).Inputs[0];
        // Of two classes the second one's probability is computed, and the first one's from it.
        var isBinary = _file.Giving(probabilities) is { Operation: "Concat" };
        var values = isBinary ? Both(probabilities) : probabilities;
        var link = LinkOf(values, scores, Link.Probability);
        var model = Scores(scores, link, 0);
        var classes = isBinary ? 2 : model.OutputCount;
        if (isBinary ? model.OutputCount != 1 || link is not (Link.Logistic or Link.Probability)
            : model.OutputCount is <= 2 or > MostClasses || link is not (Link.Softmax or Link.Probability))
            throw OnnxFile.Unknown("output");
        RequireOutputs(("label", OnnxFile.Text, null), ("probabilities", OnnxFile.Single, classes), ("scores", OnnxFile.Single, model.OutputCount));
        RequireLabels(values, isBinary, classes);
        return (isBinary ? TaskKind.Binary : TaskKind.Multiclass, model);
    }

    /// <summary>The outputs by name, type and width, of any number of rows.</summary>
    private void RequireOutputs(params (string Name, int Element, long? Width)[] wanted)
    {
        var fits = _file.Outputs.Count == wanted.Length;
        for (var o = 0; fits && o < wanted.Length; o++)
        {
            var (own, (name, element, width)) = (_file.Outputs[o], wanted[o]);
            fits = own.Name == name && own.Element == element && (width is null ? own.Sides is [null] : own.Sides is [null, { } side] && side == width);
        }
        if (!fits)
            throw OnnxFile.Unknown("output");
    }

    /// <summary>From the second class's probability to both: the value that it is.</summary>
    private string Both(string probabilities)
    {
        var both = Take(probabilities, "Concat", 2);
        var rest = Take(both.Inputs[0], "Sub", 2);
        return both.Integer("axis") == 1 && rest.Inputs[1] == both.Inputs[1] && Numbers(rest.Inputs[0], 1, 1) is [1f] ? both.Inputs[1] : throw OnnxFile.Unknown("output");
    }

    /// <summary>The label is for others: here it is decided by the probabilities. But nothing may be in the graph that is not understood.</summary>
    private void RequireLabels(string values, bool isBinary, int classes)
    {
        var label = Take("label", "LabelEncoder", 1, "ai.onnx.ml");
        string decided;
        if (isBinary)
        {
            var number = Take(label.Inputs[0], "Squeeze", 2);
            var cast = Take(number.Inputs[0], "Cast", 1);
            var greater = Take(cast.Inputs[0], "Greater", 2);
            decided = cast.Integer("to") == OnnxFile.Long && Integers(number.Inputs[1]) is [1] && float.IsFinite(Numbers(greater.Inputs[1], 1, 1)[0])
                ? greater.Inputs[0] : throw OnnxFile.Unknown("label");
        }
        else
        {
            var largest = Take(label.Inputs[0], "ArgMax", 1);
            decided = largest.Integer("axis") == 1 && largest.Integer("keepdims") == 0 ? largest.Inputs[0] : throw OnnxFile.Unknown("label");
        }
        var names = label.Words("values_strings");
        if (decided != values || names.Count != classes || !label.Integers("keys_int64s").SequenceEqual(Enumerable.Range(0, classes).Select(c => (long)c)))
            throw OnnxFile.Unknown("label");
    }

    private Link LinkOf(string values, string scores, Link none)
    {
        if (values == scores)
            return none;
        var operation = _file.Giving(values).Operation;
        var node = Take(values, operation, 1);
        if (node.Inputs[0] != scores || operation == "Softmax" && node.Integer("axis") != 1)
            throw OnnxFile.Unknown("link");
        return operation switch
        {
            "Sigmoid" => Link.Logistic, "Softmax" => Link.Softmax, "Exp" => Link.Exponential, _ => throw OnnxFile.Unknown("link"),
        };
    }

    private IModel Scores(string value, Link link, int depth)
    {
        if (depth > Deepest)
            throw OnnxFile.Unknown("sum");
        if (_file.Giving(value).Operation == "TreeEnsembleRegressor")
        {
            var trees = Take(value, "TreeEnsembleRegressor", 1, "ai.onnx.ml");
            RequireFeatures(trees.Inputs[0]);
            return OnnxForest.Read(trees, FeatureCount, link);
        }
        var sum = Take(value, "Sum", null);
        if (sum.Inputs.Count == 2 && _file.Giving(sum.Inputs[1]).Operation == "MatMul")
            return Linear(sum, link);
        var (members, weights) = (new List<IModel>(), new List<double>());
        foreach (var part in sum.Inputs)
        {
            var weighted = Take(part, "Mul", 2);
            members.Add(Scores(weighted.Inputs[0], link, depth + 1));
            weights.Add(Finite(Numbers(weighted.Inputs[1], 1))[0]);
        }
        return new Blend(members, weights);
    }

    /// <summary>Intercept + (numbers − means) × weights; a missing number is the mean.</summary>
    private LinearModel Linear(OnnxNode sum, Link link)
    {
        var product = Take(sum.Inputs[1], "MatMul", 2);
        var centred = Take(product.Inputs[0], "Sub", 2);
        var whole = Take(centred.Inputs[0], "Imputer", 1, "ai.onnx.ml");
        var taken = Take(whole.Inputs[0], "ArrayFeatureExtractor", 2, "ai.onnx.ml");
        RequireFeatures(taken.Inputs[0]);
        var intercept = _file.Constant(sum.Inputs[0]) is { Sides: [1, var outputs] } ? Finite(Numbers(sum.Inputs[0], 1, outputs)) : throw OnnxFile.Unknown("sum");
        var means = Finite(Numbers(centred.Inputs[1], 1, FeatureCount));
        var weights = Finite(Numbers(product.Inputs[1], FeatureCount, intercept.Length));
        if (intercept.Length is 0 or > MostClasses || !float.IsNaN(whole.Single("replaced_value_float")) || !whole.Singles("imputed_value_floats").SequenceEqual(means)
            || !Integers(taken.Inputs[1]).SequenceEqual(Enumerable.Range(0, FeatureCount).Select(f => (long)f)))
            throw OnnxFile.Unknown("sum");
        return new LinearModel
        {
            Offset = [.. Enumerable.Range(0, FeatureCount)],
            Cardinality = new int[FeatureCount],
            Mean = [.. means.Select(m => (double)m)],
            Scale = [.. Enumerable.Repeat(1.0, FeatureCount)],
            Weights = [.. Enumerable.Range(0, intercept.Length).Select(o => Enumerable.Range(0, FeatureCount).Select(f => (double)weights[f * intercept.Length + o]).ToArray())],
            Intercept = [.. intercept.Select(i => (double)i)],
            Link = link,
        };
    }

    /// <summary>All inputs side by side, in their order.</summary>
    private void RequireFeatures(string value)
    {
        if (value == _features)
            return;
        var features = Take(value, "Concat", FeatureCount);
        if (_features is not null || features.Integer("axis") != 1 || !features.Inputs.SequenceEqual(_file.Inputs.Select(i => i.Name)))
            throw OnnxFile.Unknown("input");
        _features = value;
    }

    /// <summary>The node that gives a value, which has to be of a kind and is understood from now on; no other value may come by it.</summary>
    private OnnxNode Take(string value, string operation, int? inputs, string domain = "")
    {
        var node = _file.Giving(value);
        return node.Operation == operation && node.Domain == domain && (inputs is null ? node.Inputs.Count > 0 : node.Inputs.Count == inputs) && _understood.Add(node)
            ? node : throw OnnxFile.Unknown($"node {node.Operation}");
    }

    private float[] Numbers(string constant, params long[] sides) =>
        _file.Constant(constant) is { Singles: { } numbers } own && own.Sides.SequenceEqual(sides) ? numbers : throw OnnxFile.Unknown("constant");

    private long[] Integers(string constant) => _file.Constant(constant) is { Integers: { } numbers, Sides.Length: 1 } ? numbers : throw OnnxFile.Unknown("constant");

    private static float[] Finite(float[] numbers) => numbers.All(float.IsFinite) ? numbers : throw OnnxFile.Unknown("number that is not finite");
}

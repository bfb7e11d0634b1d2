using System.Globalization;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>
/// XGBoost's own model document (1.0 and later; JSON or UBJ): gbtree, dart and gblinear, all trees. It goes left when value &lt; threshold, so ours
/// (≤) has the next smaller number; a category in a node's set goes right there and left here, so such a node's children change places.
/// </summary>
internal static class XGBoostModel
{
    private const int MostClasses = 10_000;

    public static bool Looks(Dictionary<string, object?> document) => document.GetValueOrDefault("learner") is Dictionary<string, object?>;

    /// <exception cref="EngineException">It is broken, or uses what has no form here.</exception>
    public static TrainedModel Read(Dictionary<string, object?> document)
    {
        var learner = document.Object("learner");
        var parameters = learner.Object("learner_model_param");
        var objective = learner.Object("objective").Text("name") ?? throw new EngineException("The objective has no name.");
        var classes = parameters.Integer("num_class", 0, MostClasses, 0);
        if (parameters.Integer("num_target", 1, int.MaxValue, 1) > 1)
            throw new EngineException("Models with several targets cannot be read.");
        var (task, link, ofProbability) = Objective(objective, classes);
        var outputs = task == TaskKind.Multiclass ? classes : 1;
        var features = parameters.Integer("num_feature", 0, ForeignInputs.MostFeatures);
        var start = Start(parameters, outputs, link, ofProbability);
        var booster = learner.Object("gradient_booster");
        IModel model = booster.Text("name") switch
        {
            "gblinear" => Linear(booster.Object("model"), features, start, link),
            "dart" => Trees(booster.Object("gbtree").Object("model"), booster.Numbers("weight_drop"), features, start, link),
            "gbtree" => Trees(booster.Object("model"), null, features, start, link),
            var name => throw new EngineException($"The booster '{name}' cannot be read."),
        };
        var labels = task == TaskKind.Binary ? 2 : task == TaskKind.Multiclass ? classes : 0;
        var header = new ModelHeader($"XGBoost {booster.Text("name")} {objective}", task, "target",
            [.. Enumerable.Range(0, labels).Select(c => c.ToString(CultureInfo.InvariantCulture))], 0.5, Inputs(learner, features));
        return new TrainedModel(header, model);
    }

    private static (TaskKind Task, Link Link, bool OfProbability) Objective(string name, int classes) => name switch
    {
        "binary:logistic" => (TaskKind.Binary, Link.Logistic, true),
        "binary:logitraw" => (TaskKind.Binary, Link.Logistic, false),
        "reg:logistic" => (TaskKind.Regression, Link.Logistic, true),
        "multi:softprob" or "multi:softmax" when classes >= 2 => (TaskKind.Multiclass, Link.Softmax, false),
        "count:poisson" or "reg:gamma" or "reg:tweedie" or "survival:cox" or "survival:aft" => (TaskKind.Regression, Link.Exponential, true),
        "reg:squarederror" or "reg:linear" or "reg:squaredlogerror" or "reg:pseudohubererror" or "reg:absoluteerror" or "rank:pairwise" or "rank:ndcg"
            or "rank:map" => (TaskKind.Regression, Link.Identity, false),
        _ => throw new EngineException($"The objective '{Short(name)}' cannot be read."),
    };

    private static string Short(string text) => text.Length <= 80 ? text : text[..80];

    /// <summary>The base score is kept as a prediction; scores start from where the link takes it.</summary>
    private static double[] Start(Dictionary<string, object?> parameters, int outputs, Link link, bool ofProbability)
    {
        // XGBoost computes with single precision.
        var score = (float)parameters.Number("base_score", 0.5);
        var start = !ofProbability ? score : link == Link.Logistic ? -MathF.Log(1f / score - 1f) : MathF.Log(score);
        if (!float.IsFinite(start))
            throw new EngineException("The base score does not fit the objective.");
        return [.. Enumerable.Repeat((double)start, outputs)];
    }

    private static List<InputColumn> Inputs(Dictionary<string, object?> learner, int features)
    {
        var types = learner.Texts("feature_types");
        return ForeignInputs.Of(features, learner.Texts("feature_names"), f => new InputColumn("", types.ElementAtOrDefault(f) is "int" or "i" or "c"
            ? ColumnKind.Integer : ColumnKind.Numeric, Encoding.Number, null, null, null, null, 0), "f");
    }

    private static LinearModel Linear(Dictionary<string, object?> model, int features, double[] start, Link link)
    {
        var weights = model.Numbers("weights");
        var outputs = start.Length;
        if (weights.Length != (features + 1L) * outputs || weights.Any(w => !double.IsFinite(w)))
            throw new EngineException("The weights do not fit the features.");
        return new LinearModel
        {
            Offset = [.. Enumerable.Range(0, features)],
            Cardinality = new int[features],
            Mean = new double[features],
            Scale = [.. Enumerable.Repeat(1.0, features)],
            Weights = [.. Enumerable.Range(0, outputs).Select(o => Enumerable.Range(0, features).Select(f => weights[f * outputs + o]).ToArray())],
            Intercept = [.. start.Select((s, o) => s + weights[features * outputs + o])],
            Link = link,
        };
    }

    private static Forest Trees(Dictionary<string, object?> model, double[]? weights, int features, double[] start, Link link)
    {
        var documents = model.List("trees");
        var groups = ModelDocument.Integers(model.Numbers("tree_info"), "tree_info");
        if (groups.Length != documents.Count || weights is not null && weights.Length != documents.Count)
            throw new EngineException($"There are {documents.Count} trees, but {groups.Length} groups and {weights?.Length ?? documents.Count} weights.");
        var trees = new Tree[documents.Count];
        for (var t = 0; t < trees.Length; t++)
        {
            if (groups[t] < 0 || groups[t] >= start.Length || documents[t] is not Dictionary<string, object?> document)
                throw new EngineException($"Tree {t} is of no class.");
            try
            {
                trees[t] = OneTree(document, groups[t], (float)(weights?[t] ?? 1));
                ModelCodec.Check(trees[t], features, start.Length);
            }
            catch (EngineException broken)
            {
                throw new EngineException($"Tree {t}: {broken.Message}");
            }
        }
        return new Forest(trees, start, features, link);
    }

    private static Tree OneTree(Dictionary<string, object?> document, int output, float weight)
    {
        var left = ModelDocument.Integers(document.Numbers("left_children"), "left_children");
        var right = ModelDocument.Integers(document.Numbers("right_children"), "right_children");
        var feature = ModelDocument.Integers(document.Numbers("split_indices"), "split_indices");
        var condition = Array.ConvertAll(document.Numbers("split_conditions"), c => (float)c);
        var missing = document.Numbers("default_left");
        var cover = document.Numbers("sum_hessian");
        var gain = document.Numbers("loss_changes");
        var nodes = left.Length;
        if (nodes == 0 || right.Length != nodes || feature.Length != nodes || condition.Length != nodes || missing.Length != nodes || cover.Length != nodes || gain.Length != nodes)
            throw new EngineException("Its arrays differ in length; trees with vectors in their leaves cannot be read.");
        if (cover.Any(c => !double.IsFinite(c) || c < 0))
            throw new EngineException("It holds a number that is not finite.");
        var tree = new TreeDraft(nodes, output);
        var sets = CategorySets.Of(document, nodes);
        for (var n = 0; n < nodes; n++)
        {
            tree.Cover[n] = cover[n];
            var isSet = sets?.ContainsKey(n) ?? false;
            if (!isSet && !float.IsFinite(condition[n]))
                throw new EngineException("It holds a threshold or value that is not finite.");
            if (left[n] == -1)
            {
                tree.Value[n] = isSet ? throw new EngineException("A leaf has a set of categories.") : condition[n] * weight;
                continue;
            }
            (tree.Feature[n], tree.Gain[n]) = (feature[n] >= 0 ? feature[n] : int.MaxValue, (float)gain[n]);
            (tree.Left[n], tree.Right[n], tree.MissingLeft[n]) = isSet ? (right[n], left[n], missing[n] == 0) : (left[n], right[n], missing[n] != 0);
            if (isSet)
                tree.AddSet(n, sets![n]);
            else
                tree.Threshold[n] = MathF.BitDecrement(condition[n]);
        }
        return tree.ToTree();
    }
}

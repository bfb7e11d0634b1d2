using System.Globalization;
using System.Text.Json;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>
/// LightGBM's text file (v2 to v4), all trees. Values are compared in single precision here: a threshold becomes the largest float that is
/// not above it, so that every value that is a float goes the way it went there.
/// </summary>
internal static class LightGbmModel
{
    private const int MostClasses = 10_000;

    /// <exception cref="EngineException">It is broken, or uses what has no form here.</exception>
    public static TrainedModel Read(ReadOnlySpan<byte> bytes)
    {
        var sections = LightGbmText.Read(bytes);
        var head = sections.Head;
        var classes = head.Integer("num_class", 1, MostClasses);
        var perRound = head.Integer("num_tree_per_iteration", 1, MostClasses, classes);
        var features = head.Integer("max_feature_idx", 0, ForeignInputs.MostFeatures - 1) + 1;
        var (task, link, scale) = Objective(head.Text("objective") ?? "", classes);
        var outputs = task == TaskKind.Multiclass ? classes : 1;
        if (perRound != outputs)
            throw new EngineException($"There are {perRound} trees per round for {outputs} scores.");
        if (sections.Trees.Count % outputs != 0)
            throw new EngineException("The last round of trees is not whole.");
        if (head.ContainsKey("average_output"))
            scale /= Math.Max(1, sections.Trees.Count / outputs);
        var trees = new Tree[sections.Trees.Count];
        for (var t = 0; t < trees.Length; t++)
        {
            try
            {
                trees[t] = LightGbmTree.Read(sections.Trees[t], t % outputs, scale);
                ModelCodec.Check(trees[t], features, outputs);
            }
            catch (EngineException broken)
            {
                throw new EngineException($"Tree {t}: {broken.Message}");
            }
        }
        var labels = task == TaskKind.Binary ? 2 : task == TaskKind.Multiclass ? classes : 0;
        var header = new ModelHeader("LightGBM " + (head.Text("objective") ?? "custom"), task, "target",
            [.. Enumerable.Range(0, labels).Select(c => c.ToString(CultureInfo.InvariantCulture))], 0.5, Inputs(sections, features));
        return new TrainedModel(header, new Forest(trees, new double[outputs], features, link));
    }

    private static (TaskKind Task, Link Link, double Scale) Objective(string text, int classes)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var sigmoid = words.FirstOrDefault(w => w.StartsWith("sigmoid:", StringComparison.Ordinal)) is { } given
            && double.TryParse(given["sigmoid:".Length..], NumberStyles.Float, CultureInfo.InvariantCulture, out var factor) ? factor : 1;
        if (!double.IsFinite(sigmoid) || sigmoid <= 0 || words.Contains("sqrt"))
            throw new EngineException($"The objective '{Short(text)}' cannot be read.");
        return words.FirstOrDefault() switch
        {
            "binary" => (TaskKind.Binary, Link.Logistic, sigmoid),
            "multiclass" or "softmax" when classes >= 2 => (TaskKind.Multiclass, Link.Softmax, 1),
            "regression" or "regression_l2" or "regression_l1" or "huber" or "fair" or "quantile" or "mape" or "lambdarank" or "rank_xendcg"
                or "custom" or null => (TaskKind.Regression, Link.Identity, 1),
            "poisson" or "gamma" or "tweedie" => (TaskKind.Regression, Link.Exponential, 1),
            "cross_entropy" or "xentropy" => (TaskKind.Regression, Link.Logistic, 1),
            _ => throw new EngineException($"The objective '{Short(text)}' cannot be read."),
        };
    }

    private static string Short(string text) => text.Length <= 80 ? text : text[..80];

    /// <summary>A column of categories takes texts where the file kept pandas' levels, else codes.</summary>
    private static List<InputColumn> Inputs(LightGbmText text, int features)
    {
        var infos = (text.Head.Text("feature_infos") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // Ranges are [low:high]; a list of codes is of a column of categories.
        var categories = infos.Select((info, f) => (info, f)).Where(p => p.info != "none" && !p.info.StartsWith('[')).Select(p => p.f).ToList();
        var levels = Levels(text.PandasCategories);
        var known = levels is not null && levels.Count == categories.Count;
        var names = (text.Head.Text("feature_names") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return ForeignInputs.Of(features, names, f =>
        {
            var at = categories.IndexOf(f);
            if (at >= 0 && known && levels![at] is { } own)
                return new InputColumn("", ColumnKind.Category, Encoding.Category, own, null, null, null, 0);
            return new InputColumn("", at >= 0 ? ColumnKind.Integer : ColumnKind.Numeric, Encoding.Number, null, null, null, null, 0);
        }, "Column_");
    }

    private static List<string[]?>? Levels(string? json)
    {
        if (json is null)
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
                return null;
            var lists = document.RootElement.EnumerateArray().Select(list => list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Select(level => level.ToString()).ToArray() : null).ToList();
            return lists.All(l => l is not null && l.Distinct(StringComparer.Ordinal).Count() == l.Length) ? lists : null;
        }
        catch (JsonException)
        {
            throw new EngineException("pandas_categorical is no valid JSON.");
        }
    }
}

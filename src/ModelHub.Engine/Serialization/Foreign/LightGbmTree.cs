using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>One tree of a LightGBM file: first its inner nodes, then its leaves, as there.</summary>
internal static class LightGbmTree
{
    private const int Categorical = 1;
    private const int DefaultLeft = 2;

    public static Tree Read(Dictionary<string, object?> section, int output, double scale)
    {
        var leaves = section.Integer("num_leaves", 1, 1 << 24);
        var values = LightGbmText.Numbers(section, "leaf_value");
        if (section.Integer("is_linear", 0, 1, 0) == 1)
            throw new EngineException("Trees with linear models in their leaves cannot be read.");
        if (values.Length != leaves || values.Any(v => !double.IsFinite(v)))
            throw new EngineException("Its leaf values do not fit its number of leaves.");
        var tree = new TreeDraft(2 * leaves - 1, output);
        for (var leaf = 0; leaf < leaves; leaf++)
            tree.Value[leaves - 1 + leaf] = (float)(values[leaf] * scale);
        Cover(section, tree, leaves);
        if (leaves > 1)
            AddSplits(section, tree, leaves);
        return tree.ToTree();
    }

    private static void AddSplits(Dictionary<string, object?> section, TreeDraft tree, int leaves)
    {
        var inner = leaves - 1;
        var feature = Whole(section, "split_feature", inner);
        var left = Whole(section, "left_child", inner);
        var right = Whole(section, "right_child", inner);
        var decision = Whole(section, "decision_type", inner);
        var threshold = LightGbmText.Numbers(section, "threshold");
        var gain = LightGbmText.Numbers(section, "split_gain");
        if (threshold.Length != inner || threshold.Any(double.IsNaN))
            throw new EngineException("'threshold' does not fit its number of leaves.");
        for (var n = 0; n < inner; n++)
        {
            if (feature[n] < 0)
                throw new EngineException("A split is on no feature.");
            tree.Feature[n] = feature[n];
            tree.Gain[n] = gain.Length == inner ? (float)gain[n] : 0;
            tree.Left[n] = Child(left[n], leaves);
            tree.Right[n] = Child(right[n], leaves);
            if ((decision[n] & Categorical) != 0)
                tree.AddSet(n, Set(section, threshold[n]));
            else
                (tree.Threshold[n], tree.MissingLeft[n]) = (Floor(threshold[n]), MissingGoesLeft(decision[n], threshold[n]));
        }
    }

    /// <summary>A child is an inner node, or with its bits turned a leaf.</summary>
    private static int Child(int number, int leaves) => number switch
    {
        >= 0 when number < leaves - 1 => number,
        < 0 when ~number < leaves => leaves - 1 + ~number,
        _ => throw new EngineException("A child lies outside."),
    };

    private static bool MissingGoesLeft(int decision, double threshold)
    {
        var defaultLeft = (decision & DefaultLeft) != 0;
        switch (decision >> 2 & 3)
        {
            case 0:
                // No missing values were seen: one counts as 0.
                return 0 <= threshold;
            case 1 when defaultLeft == 0 <= threshold:
                return defaultLeft;
            case 1:
                throw new EngineException("It sends zeros another way than their number says (zero_as_missing), which cannot be read.");
            case 2:
                return defaultLeft;
            default:
                throw new EngineException($"The decision type {decision} is not known.");
        }
    }

    /// <summary>The largest float that is not above.</summary>
    private static float Floor(double threshold)
    {
        var near = (float)threshold;
        return near > threshold ? MathF.BitDecrement(near) : near;
    }

    private static uint[] Set(Dictionary<string, object?> section, double number)
    {
        var bounds = LightGbmText.Numbers(section, "cat_boundaries");
        var words = LightGbmText.Numbers(section, "cat_threshold");
        if (number < 0 || number + 1 >= bounds.Length || bounds[(int)number] < 0 || bounds[(int)number + 1] < bounds[(int)number]
            || bounds[(int)number + 1] > words.Length)
            throw new EngineException("A set of categories lies outside.");
        var own = words[(int)bounds[(int)number]..(int)bounds[(int)number + 1]];
        return [.. own.Select(w => w is >= 0 and <= uint.MaxValue ? (uint)w : throw new EngineException("A set of categories is broken."))];
    }

    /// <summary>Counts of rows, as LightGBM's own contributions use; old files without them count a row per leaf.</summary>
    private static void Cover(Dictionary<string, object?> section, TreeDraft tree, int leaves)
    {
        var own = LightGbmText.Numbers(section, "leaf_count");
        var inner = LightGbmText.Numbers(section, "internal_count");
        var given = own.Length == leaves && inner.Length == leaves - 1;
        for (var n = 0; n < tree.Cover.Length; n++)
        {
            var cover = given ? n < leaves - 1 ? inner[n] : own[n - leaves + 1] : 1;
            tree.Cover[n] = double.IsFinite(cover) && cover >= 0 ? cover : throw new EngineException("It holds a count that is no number.");
        }
    }

    private static int[] Whole(Dictionary<string, object?> section, string name, int count)
    {
        var numbers = ModelDocument.Integers(LightGbmText.Numbers(section, name), name);
        return numbers.Length == count ? numbers : throw new EngineException($"'{name}' does not fit its number of leaves.");
    }
}

using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>
/// The trees of a TreeEnsembleRegressor: sums of weights, comparisons of numbers only. x ≤ t is ours; x &lt; t is x ≤ the next smaller number; of
/// x &gt; t and x ≥ t the children change places. A missing value holds for a comparison when the node says so, and else does not.
/// </summary>
internal static class OnnxForest
{
    /// <exception cref="EngineException">It has no form here, or is broken.</exception>
    public static Forest Read(OnnxNode node, int features, Link link)
    {
        if (node.Has("aggregate_function") && node.Word("aggregate_function") != "SUM" || node.Has("post_transform") && node.Word("post_transform") != "NONE")
            throw OnnxFile.Unknown("sum of trees");
        var targets = node.Integer("n_targets");
        var start = node.Singles("base_values");
        if (targets is < 1 or > OnnxModel.MostClasses || start.Count > 0 && start.Count != targets || start.Exists(v => !float.IsFinite(v)))
            throw OnnxFile.Unknown("number of targets");
        var nodes = new Nodes(node);
        var leaves = Leaves(node, nodes, (int)targets);
        var weightCount = node.Singles("target_weights").Count;
        var trees = new List<Tree>();
        for (var from = 0; from < nodes.Count; from += trees[^1].NodeCount)
        {
            trees.Add(OneTree(nodes, from, leaves, (int)targets, weightCount));
            ModelCodec.Check(trees[^1], features, (int)targets);
        }
        if (trees.Count == 0)
            throw OnnxFile.Unknown("forest without trees");
        return new Forest(trees, start.Count > 0 ? [.. start.Select(v => (double)v)] : new double[targets], features, link);
    }

    /// <summary>Per node what is added to which target; a leaf's are in the order of the targets.</summary>
    private static List<(int Target, float Value)>?[] Leaves(OnnxNode node, Nodes nodes, int targets)
    {
        var (trees, ids, target, weights) = (node.Integers("target_treeids"), node.Integers("target_nodeids"), node.Integers("target_ids"), node.Singles("target_weights"));
        if (ids.Count != trees.Count || target.Count != trees.Count || weights.Count != trees.Count)
            throw OnnxFile.Unknown("list of weights");
        var leaves = new List<(int Target, float Value)>?[nodes.Count];
        for (var i = 0; i < trees.Count; i++)
        {
            var own = leaves[nodes.At(trees[i], ids[i])] ??= new List<(int, float)>(1);
            if (target[i] < 0 || target[i] >= targets || own.Count > 0 && own[^1].Target >= target[i] || !float.IsFinite(weights[i]))
                throw OnnxFile.Unknown("weight");
            own.Add(((int)target[i], weights[i]));
        }
        return leaves;
    }

    /// <summary>The tree whose root is the first of its nodes, renumbered from the root on, so that children come after their parent.</summary>
    private static Tree OneTree(Nodes nodes, int root, List<(int Target, float Value)>?[] leaves, int targets, int weightCount)
    {
        var count = nodes.CountFrom(root);
        var (output, width) = (-1, 0);
        TreeDraft? tree = null;
        var open = new Stack<int>([root]);
        var (numbers, next) = (new Dictionary<int, int> { [root] = 0 }, 1);
        while (open.TryPop(out var at))
        {
            var own = numbers[at];
            var weights = leaves[at];
            if (nodes.Mode[at] == "LEAF")
            {
                // All leaves of a tree add to the same target, or to every one.
                if (weights is null || weights.Count != 1 && weights.Count != targets)
                    throw OnnxFile.Unknown("leaf");
                (output, width) = width == 0 ? (weights[0].Target, weights.Count) : (output, width);
                if (weights[0].Target != output || weights.Count != width || (long)count * width > 2L * weightCount)
                    throw OnnxFile.Unknown("leaf");
                tree ??= new TreeDraft(count, output, width);
                for (var o = 0; o < width; o++)
                    tree.Value[own * width + o] = weights[o].Value;
                tree.Cover[own] = nodes.Cover(at);
                continue;
            }
            if (weights is not null)
                throw OnnxFile.Unknown("weight of a split");
            foreach (var child in (int[])[nodes.Child(nodes.No, at), nodes.Child(nodes.Yes, at)])
            {
                if (child < root || child >= root + count || !numbers.TryAdd(child, next++))
                    throw OnnxFile.Unknown("node with two parents");
                open.Push(child);
            }
        }
        if (next != count || tree is null)
            throw OnnxFile.Unknown("tree of several parts");
        foreach (var (at, own) in numbers.Where(n => nodes.Mode[n.Key] != "LEAF"))
            AddSplit(tree, own, nodes, at, numbers);
        return tree.ToTree();
    }

    private static void AddSplit(TreeDraft tree, int own, Nodes nodes, int at, Dictionary<int, int> numbers)
    {
        var (yes, no, missing, value) = (numbers[nodes.Child(nodes.Yes, at)], numbers[nodes.Child(nodes.No, at)], nodes.MissingHolds(at), nodes.Value[at]);
        // An infinite number is read as the largest there is: what tells them apart has no form. Everything that is not missing is ≤ infinity.
        var isPlain = Math.Abs(value) < float.MaxValue || float.IsPositiveInfinity(value) && nodes.Mode[at] is ("BRANCH_LEQ" or "BRANCH_GT");
        if (!isPlain || nodes.Feature[at] is < 0 or >= ForeignInputs.MostFeatures)
            throw OnnxFile.Unknown("split");
        var threshold = nodes.Mode[at] is "BRANCH_LT" or "BRANCH_GTE" ? MathF.BitDecrement(value) : value;
        (tree.Left[own], tree.Right[own], tree.MissingLeft[own]) = nodes.Mode[at] switch
        {
            "BRANCH_LEQ" or "BRANCH_LT" => (yes, no, missing),
            "BRANCH_GT" or "BRANCH_GTE" => (no, yes, !missing),
            _ => throw OnnxFile.Unknown("comparison"),
        };
        (tree.Feature[own], tree.Threshold[own], tree.Cover[own]) = ((int)nodes.Feature[at], threshold, nodes.Cover(at));
        // What a split was worth is not in the file; how much comes by it is, where rates are given.
        tree.Gain[own] = (float)tree.Cover[own];
    }

    /// <summary>The nodes of all trees, each tree's together.</summary>
    private sealed class Nodes
    {
        private readonly List<long> _tree;
        private readonly List<long> _missing;
        private readonly List<float> _rates;
        private readonly Dictionary<(long Tree, long Node), int> _numbers = [];

        public Nodes(OnnxNode node)
        {
            (_tree, var ids) = (node.Integers("nodes_treeids"), node.Integers("nodes_nodeids"));
            (Feature, Value, Mode) = (node.Integers("nodes_featureids"), node.Singles("nodes_values"), node.Words("nodes_modes"));
            (Yes, No) = (node.Integers("nodes_truenodeids"), node.Integers("nodes_falsenodeids"));
            (_missing, _rates) = (node.Integers("nodes_missing_value_tracks_true"), node.Singles("nodes_hitrates"));
            if (ids.Count != Count || Feature.Count != Count || Value.Count != Count || Mode.Count != Count || Yes.Count != Count || No.Count != Count
                || _missing.Count > 0 && _missing.Count != Count || _rates.Count > 0 && _rates.Count != Count)
                throw OnnxFile.Unknown("list of nodes");
            if (_rates.Exists(r => !float.IsFinite(r) || r < 0) || _missing.Exists(m => m is not (0 or 1)))
                throw OnnxFile.Unknown("list of nodes");
            for (var i = 0; i < Count; i++)
            {
                if (!_numbers.TryAdd((_tree[i], ids[i]), i))
                    throw OnnxFile.Unknown("node that comes twice");
            }
        }

        public int Count => _tree.Count;

        public List<long> Feature { get; }

        public List<float> Value { get; }

        public List<string> Mode { get; }

        public List<long> Yes { get; }

        public List<long> No { get; }

        public bool MissingHolds(int at) => _missing.Count > 0 && _missing[at] != 0;

        /// <summary>How many of the rows of training came by, where the file says; else everywhere as many.</summary>
        public double Cover(int at) => _rates.Count > 0 ? _rates[at] : 1;

        public int At(long tree, long node) => _numbers.TryGetValue((tree, node), out var at) ? at : throw OnnxFile.Unknown("node that is not there");

        public int Child(List<long> which, int at) => At(_tree[at], which[at]);

        /// <summary>The nodes of a tree from its first one on. One whose nodes go on behind another's is found to have several parts.</summary>
        public int CountFrom(int first)
        {
            var end = first;
            while (end < Count && _tree[end] == _tree[first])
                end++;
            return end - first;
        }
    }
}

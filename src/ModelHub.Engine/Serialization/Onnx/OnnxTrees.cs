using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>
/// A forest as the attributes of one TreeEnsembleRegressor. A split on a set of categories becomes a chain of equalities whose true
/// branches lead to the same node, the form that runtimes recognise as set membership. Two such chains of one feature are kept apart by a
/// comparison that always holds: ONNX Runtime 1.30 joins them when their first leaves begin with the same weight, although the leaves differ.
/// How many rows of training came by a node is its hit rate, from which contributions can be had.
/// </summary>
internal sealed class OnnxTrees
{
    /// <summary>Beyond these a file is of no use to anybody: sets of thousands of categories are chains as long.</summary>
    private const int MostNodes = 3_000_000;

    private readonly List<long> _tree = [], _node = [], _feature = [], _yes = [], _no = [], _missing = [];
    private readonly List<float> _value = [], _weight = [], _rate = [];
    private readonly List<string> _mode = [];
    private readonly List<long> _weightTree = [], _weightNode = [], _weightTarget = [];

    public static string Add(OnnxGraph graph, Forest forest, string features)
    {
        var trees = new OnnxTrees();
        for (var t = 0; t < forest.Trees.Count; t++)
            trees.AddTree(forest.Trees[t], t);
        return graph.AddNode("TreeEnsembleRegressor", [features], "ai.onnx.ml", null,
            OnnxGraph.Attribute("n_targets", forest.OutputCount), OnnxGraph.Attribute("aggregate_function", "SUM"),
            OnnxGraph.Attribute("base_values", forest.Base.Select(b => (float)b)), OnnxGraph.Attribute("nodes_treeids", trees._tree),
            OnnxGraph.Attribute("nodes_nodeids", trees._node), OnnxGraph.Attribute("nodes_featureids", trees._feature),
            OnnxGraph.Attribute("nodes_values", trees._value), OnnxGraph.Attribute("nodes_modes", trees._mode),
            OnnxGraph.Attribute("nodes_truenodeids", trees._yes), OnnxGraph.Attribute("nodes_falsenodeids", trees._no),
            OnnxGraph.Attribute("nodes_missing_value_tracks_true", trees._missing), OnnxGraph.Attribute("nodes_hitrates", trees._rate),
            OnnxGraph.Attribute("target_treeids", trees._weightTree), OnnxGraph.Attribute("target_nodeids", trees._weightNode),
            OnnxGraph.Attribute("target_ids", trees._weightTarget), OnnxGraph.Attribute("target_weights", trees._weight));
    }

    private void AddTree(Tree tree, int number)
    {
        // The nodes keep their numbers; the further links of a chain come behind them.
        var next = tree.NodeCount;
        for (var n = 0; n < tree.NodeCount; n++)
        {
            if (tree.Feature[n] < 0)
            {
                AddNode(number, n, "LEAF", 0, 0, 0, 0, false, tree.Cover[n]);
                for (var o = 0; o < tree.Width; o++)
                {
                    _weightTree.Add(number);
                    _weightNode.Add(n);
                    _weightTarget.Add(tree.Output + o);
                    _weight.Add(tree.Value[n * tree.Width + o]);
                }
            }
            else if (tree.CategoryOffset[n] < 0)
            {
                AddNode(number, n, "BRANCH_LEQ", tree.Feature[n], tree.Threshold[n], tree.Left[n], tree.Right[n], tree.MissingLeft[n], tree.Cover[n]);
            }
            else
            {
                var codes = Enumerable.Range(0, tree.CategoryWords[n] * 32).Where(code => tree.GoesLeft(n, code)).DefaultIfEmpty(-1).ToList();
                var isFollowed = tree.Feature[tree.Right[n]] == tree.Feature[n] && tree.CategoryOffset[tree.Right[n]] >= 0;
                var last = isFollowed ? next + codes.Count - 1 : tree.Right[n];
                for (var k = 0; k < codes.Count; k++)
                {
                    var otherwise = k + 1 < codes.Count ? next + k : last;
                    AddNode(number, k == 0 ? n : next + k - 1, "BRANCH_EQ", tree.Feature[n], codes[k], tree.Left[n], otherwise, tree.MissingLeft[n], tree.Cover[n]);
                }
                // Behind the chain: what stands first of a tree is its root.
                if (isFollowed)
                    AddNode(number, last, "BRANCH_LEQ", tree.Feature[n], float.MaxValue, tree.Right[n], tree.Right[n], true, tree.Cover[n]);
                next += codes.Count - 1 + (isFollowed ? 1 : 0);
            }
        }
    }

    /// <exception cref="EngineException">There are too many.</exception>
    private void AddNode(int tree, int node, string mode, int feature, float value, int yes, int no, bool missingYes, double rate)
    {
        if (_tree.Count == MostNodes)
            throw new EngineException($"The trees have more than {MostNodes} nodes in ONNX's form, which tests categories one by one.");
        _tree.Add(tree);
        _node.Add(node);
        _mode.Add(mode);
        _feature.Add(feature);
        _value.Add(value);
        _yes.Add(yes);
        _no.Add(no);
        _missing.Add(missingYes ? 1 : 0);
        _rate.Add((float)rate);
    }
}

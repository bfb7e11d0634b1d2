namespace ModelHub.Engine.Trees;

/// <summary>
/// Nodes that have a split and wait for it: the largest gain first, or level by level, or, when leaves are not limited and the order
/// changes nothing, depth first, which keeps few histograms waiting.
/// </summary>
internal sealed class PendingNodes(GrowthRules rules)
{
    private readonly Stack<GrowingNode> _stack = [];
    private readonly Queue<GrowingNode> _queue = [];
    private readonly PriorityQueue<GrowingNode, (double, int)> _byGain = new();

    public void Add(GrowingNode node)
    {
        if (node.Split.Feature < 0)
            return;
        if (rules.MaxLeaves == 0)
            _stack.Push(node);
        else if (rules.LeafWise)
            _byGain.Enqueue(node, (-node.Split.Gain, node.Id));
        else
            _queue.Enqueue(node);
    }

    public bool TryTake(out GrowingNode node)
    {
        if (rules.MaxLeaves == 0)
            return _stack.TryPop(out node!);
        return rules.LeafWise ? _byGain.TryDequeue(out node!, out _) : _queue.TryDequeue(out node!);
    }
}

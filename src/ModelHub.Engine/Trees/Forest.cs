namespace ModelHub.Engine.Trees;

/// <summary>An additive ensemble of trees: score[o] = Base[o] + sum over trees, in order, in double precision.</summary>
public sealed class Forest(IReadOnlyList<Tree> trees, double[] @base, int featureCount, Link link) : IModel
{
    public IReadOnlyList<Tree> Trees { get; } = trees;

    public double[] Base { get; } = @base;

    public int FeatureCount { get; } = featureCount;

    public int OutputCount => Base.Length;

    public Link Link { get; } = link;

    /// <summary>The interpretive reference: slow, plain, and what compiled kernels must equal to the last bit.</summary>
    public void Score(ReadOnlySpan<float> row, Span<double> scores)
    {
        Base.CopyTo(scores);
        foreach (var tree in Trees)
        {
            var leaf = tree.Leaf(row) * tree.Width;
            for (var o = 0; o < tree.Width; o++)
                scores[tree.Output + o] += tree.Value[leaf + o];
        }
    }
}

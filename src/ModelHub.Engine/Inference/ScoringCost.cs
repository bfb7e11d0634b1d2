using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// About how long a model takes per row, in microseconds of one thread of an ordinary machine, counted and not measured: what is decided by it is
/// the same everywhere. The figures are of a cloud machine's thread in 2026 (docs/benchmarks/automl.md).
/// </summary>
internal static class ScoringCost
{
    private const double PerSplit = 0.00016;
    private const double PerTree = 0.0012;
    private const double PerStep = 0.006;
    private const double PerLeafValue = 0.0006;

    /// <summary>The leaf of a large tree lies anywhere in memory.</summary>
    private const double PerFarLeafValue = 0.005;
    private const double PerFeature = 0.008;
    private const double PerProduct = 0.00016;
    private const double PerTerm = 0.0047;
    private const double PerCell = 0.00025;

    public static double Of(IModel model) => model switch
    {
        CompiledForest compiled => Of(compiled.Forest),
        Forest forest => forest.FeatureCount * PerFeature + forest.Trees.Sum(Of),
        LinearModel linear => linear.FeatureCount * linear.OutputCount * PerTerm,
        NetworkModel network => network.FeatureCount * PerFeature + network.Weights.Sum(w => w.Length) * PerProduct,
        NeighbourModel neighbours => neighbours.Cells.Length * PerCell,
        Blend blend => blend.Members.Sum(Of),
        StackedModel stack => stack.Members.Sum(Of) + Of(stack.Second) + stack.Second.FeatureCount * PerFeature,
        _ => 0,
    };

    /// <summary>A small tree decides all its splits for many rows at once, a large one is walked row by row.</summary>
    private static double Of(Tree tree)
    {
        var leaves = (tree.NodeCount + 1) / 2;
        return leaves <= RankedTree.MostLeaves ? PerTree + leaves * PerSplit + tree.Width * PerLeafValue
            : PerStep * 1.3 * Math.Log2(leaves) + tree.Width * PerFarLeafValue;
    }
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>About how much memory a trial will need, so that one that cannot fit is refused instead of ending the process.</summary>
internal static class MemoryEstimate
{
    /// <summary>Of a tree, and of its compiled form.</summary>
    /// <param name="outputs">Values of a leaf.</param>
    public static long BytesOfNode(int outputs) => 60 + 4L * outputs;

    /// <param name="atOnce">Folds that are learned at the same time.</param>
    public static long Of(ILearner learner, TrainingSet set, int rows, int folds, int atOnce)
    {
        long cells = (long)set.Features.RowCount * set.Features.FeatureCount;
        long outputs = set.OutputCount;
        return learner switch
        {
            // Bins twice; scores and derivatives per output; sums of the nodes that wait; the trees of all folds.
            GradientBoostedTrees boosting => 2 * cells
                + atOnce * (outputs * set.Features.RowCount * 24 + Math.Min(1L << 30, (long)Leaves(boosting, rows) * set.Features.FeatureCount * 2048))
                + folds * outputs * Math.Min(boosting.Options.Trees, 500) * 2 * Leaves(boosting, rows) * BytesOfNode(1),
            RandomForest or ExtraTrees => 2 * cells + atOnce * (long)set.Features.RowCount * 16
                + folds * 50L * Math.Min(rows, 16_384) * BytesOfNode(set.OutputCount),
            // The rows of all folds, and those of the model that is kept.
            NearestNeighbours => 4 * (folds + 1L) * rows * set.Features.FeatureCount,
            NeuralNetwork => cells * 4 + (1 << 24),
            _ => cells * 8 + outputs * set.Features.Features.Sum(f => f.Cardinality + 1L) * 8 * 20,
        };
    }

    /// <summary>What a process may still use, of the memory that it was given.</summary>
    public static long Free()
    {
        var info = GC.GetGCMemoryInfo();
        return Math.Max(0, info.TotalAvailableMemoryBytes * 9 / 10 - GC.GetTotalMemory(forceFullCollection: false));
    }

    private static int Leaves(GradientBoostedTrees boosting, int rows) =>
        (int)Math.Min(boosting.Options.MaxLeaves > 0 ? boosting.Options.MaxLeaves : 1024, Math.Max(2, rows / Math.Max(1, boosting.Options.MinRows)));
}

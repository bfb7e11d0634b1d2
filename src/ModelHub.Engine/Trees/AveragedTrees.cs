using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// What both forests share: trees grown side by side, one thread each. One output (the positive class's share, or the value) is
/// squared loss, whose gain is that of Gini's impurity; several classes have their counts in the histograms.
/// </summary>
internal sealed class AveragedTrees(TrainingSet set, ForestOptions options, bool randomCuts, FitContext context)
{
    private const int MostClasses = 1000;

    public Forest Fit()
    {
        options.Validate();
        var rows = set.Rows ?? [.. Enumerable.Range(0, set.Features.RowCount)];
        LabelStatistics.Check(set, rows);
        if (set.OutputCount > MostClasses)
            throw new EngineException($"There are {set.OutputCount} classes; a forest takes up to {MostClasses}.");
        using var team = new ThreadTeam(context.Threads);
        var bins = BinnedMatrix.Of(set.Features, options.MaxBins, team);
        var start = set.Task == TaskKind.Regression ? new SquaredLoss().Start(set, rows) : new double[set.OutputCount];
        var targets = set.Task == TaskKind.Multiclass ? null : Targets(rows, start[0], team);
        var trees = new Tree?[options.Trees];
        var done = 0;
        var late = false;
        var gate = new Lock();
        team.For(options.Trees, (t, _) =>
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (Volatile.Read(ref late))
                return;
            trees[t] = targets is null ? GrowClasses(bins, rows, t) : Grow(bins, targets, rows, t);
            lock (gate)
            {
                done++;
                context.Progress?.Invoke(new FitStep(done, options.Trees, double.NaN, double.NaN));
                if (context.OutOfTime?.Invoke() == true)
                    Volatile.Write(ref late, true);
            }
        });
        var grown = trees.OfType<Tree>().ToList();
        foreach (var tree in grown)
        {
            for (var i = 0; i < tree.Value.Length; i++)
                tree.Value[i] = (float)((double)tree.Value[i] / grown.Count);
        }
        return new Forest(grown, start, set.Features.FeatureCount, set.Task == TaskKind.Regression ? Link.Identity : Link.Probability);
    }

    private GrowthRules Rules()
    {
        var count = set.Features.FeatureCount;
        var rate = options.ColumnSampleRatePerNode > 0 ? options.ColumnSampleRatePerNode
            : set.Task == TaskKind.Regression ? 1 / 3.0 : Math.Sqrt(count) / count;
        return new GrowthRules
        {
            MaxDepth = options.MaxDepth,
            MinRows = options.MinRows,
            MinSplitGain = options.MinSplitGain,
            ColumnSamplePerNode = rate,
            CategorySmoothing = options.CategorySmoothing,
            RandomCuts = randomCuts,
        };
    }

    /// <summary>Squared loss at a score of 0 for the labels less their start; its Newton step is the mean.</summary>
    private PackedGradients Targets(int[] rows, double start, ThreadTeam team)
    {
        var (gradients, hessians) = (new float[set.Features.RowCount], new float[set.Features.RowCount]);
        foreach (var row in rows)
        {
            var weight = set.Weights is null ? 1 : set.Weights[row];
            gradients[row] = (float)(weight * (start - set.Labels[row]));
            hessians[row] = (float)weight;
        }
        var packed = new PackedGradients(set.Features.RowCount);
        packed.Quantize(gradients, hessians, rows, rows.Length, context.Seed, team);
        return packed;
    }

    private Tree Grow(BinnedMatrix bins, PackedGradients targets, int[] rows, int number)
    {
        using var alone = new ThreadTeam(1);
        var grower = new TreeGrower(bins, Rules(), alone, rows.Length);
        var count = RowSample.Draw(rows, options.SampleRate, context.Seed, number, grower.Partition.Rows);
        var nodes = grower.Grow(targets, count, set.Weights, context.Seed, number, context.Cancellation);
        var values = nodes.ConvertAll(node => (float)node.Value).ToArray();
        return TreeBuilder.Build(nodes, node => values.AsSpan(node.Id, 1), grower.Partition.Rows, set.Weights, bins, 0, 1);
    }

    private Tree GrowClasses(BinnedMatrix bins, int[] rows, int number)
    {
        var grower = new ClassTreeGrower(bins, Rules(), set, rows.Length);
        var count = RowSample.Draw(rows, options.SampleRate, context.Seed, number, grower.Partition.Rows);
        var nodes = grower.Grow(count, context.Seed, number, context.Cancellation);
        return TreeBuilder.Build(nodes, node => node.Shares, grower.Partition.Rows, set.Weights, bins, 0, set.ClassCount);
    }
}

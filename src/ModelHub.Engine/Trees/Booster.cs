using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>One run of boosting over some rows, with an optional curve of losses over others.</summary>
internal sealed class Booster(TrainingSet set, BoostingOptions options, BinnedMatrix bins, FitContext context, ThreadTeam team)
{
    private const int BlockRows = 4096;
    private const int ProgressRows = 200_000;

    /// <summary>Mean validation loss after each iteration.</summary>
    public List<double> Curve { get; } = [];

    /// <summary>Iterations up to the lowest validation loss; all of them when there is no validation.</summary>
    public int BestIterations { get; private set; }

    public Forest Run(int[] rows, int[]? validation, int iterations, int stoppingRounds)
    {
        var loss = LossFactory.Create(options.Loss, set.Task, set.ClassCount, options.LossAlpha, options.TweediePower);
        var start = loss.Start(set, rows);
        var outputs = start.Length;
        var n = bins.RowCount;
        var (scores, gradients, hessians) = (new double[outputs][], new float[outputs][], new float[outputs][]);
        for (var o = 0; o < outputs; o++)
        {
            (scores[o], gradients[o], hessians[o]) = (new double[n], new float[n], new float[n]);
            Array.Fill(scores[o], start[o]);
        }
        var rules = Rules(loss);
        var rate = options.RateFor(set, rows.Length);
        var grower = new TreeGrower(bins, rules, team, rows.Length);
        var packed = new PackedGradients(n);
        var trees = new List<Tree>();
        var best = double.PositiveInfinity;
        for (var iteration = 0; iteration < iterations; iteration++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            team.Blocks(rows.Length, BlockRows, (from, to) => loss.Derive(set, rows.AsSpan(from, to - from), scores, gradients, hessians));
            for (var o = 0; o < outputs; o++)
            {
                var number = trees.Count;
                // All outputs of an iteration learn from the same rows.
                var sampled = RowSample.Draw(rows, options.SampleRate, context.Seed, iteration, grower.Partition.Rows);
                packed.Quantize(gradients[o], hessians[o], grower.Partition.Rows, sampled, SeededRandom.Derive(context.Seed, (ulong)number), team);
                var nodes = grower.Grow(packed, sampled, set.Weights, context.Seed, number, context.Cancellation);
                var values = LeafValues(nodes, rate, loss, scores[o], grower.Partition.Rows);
                trees.Add(TreeBuilder.Build(nodes, node => values.AsSpan(node.Id, 1), grower.Partition.Rows, set.Weights, bins, o, 1));
                AddLeaves(nodes, values, scores[o], grower.Partition.Rows);
                if (sampled < rows.Length)
                    AddByWalking(nodes[0], values, scores[o], rows, row => !RowSample.Contains(row, options.SampleRate, context.Seed, iteration));
                if (validation is not null)
                    AddByWalking(nodes[0], values, scores[o], validation, null);
            }
            var validationLoss = validation is null ? double.NaN : MeanLoss(loss, scores, validation);
            if (validation is null)
                BestIterations = iteration + 1;
            else
                Curve.Add(validationLoss);
            if (validation is not null && validationLoss < best)
                (best, BestIterations) = (validationLoss, iteration + 1);
            if (context.Progress is { } progress)
            {
                var training = rows.Length <= ProgressRows ? MeanLoss(loss, scores, rows) : double.NaN;
                progress(new FitStep(iteration + 1, iterations, training, validationLoss));
            }
            if (context.OutOfTime?.Invoke() == true)
                break;
            if (validation is not null && stoppingRounds > 0 && iteration + 1 - BestIterations >= stoppingRounds)
                break;
        }
        var kept = validation is null ? trees.Count : Math.Max(1, BestIterations) * outputs;
        return new Forest(trees.GetRange(0, Math.Min(kept, trees.Count)), start, bins.FeatureCount, loss.Link);
    }

    private GrowthRules Rules(ILoss loss) => new()
    {
        MaxDepth = options.MaxDepth,
        MaxLeaves = options.MaxLeaves,
        LeafWise = options.LeafWise,
        MinChildWeight = options.MinChildWeight,
        MinRows = options.MinRows,
        L1 = options.L1,
        L2 = options.L2,
        MinSplitGain = options.MinSplitGain,
        ColumnSamplePerTree = options.ColumnSampleRatePerTree,
        ColumnSamplePerLevel = options.ColumnSampleRatePerLevel,
        ColumnSamplePerNode = options.ColumnSampleRatePerNode,
        Monotone = options.MonotoneConstraints is { } constraints && constraints.Any(c => c != 0) ? constraints : null,
        CategorySmoothing = options.CategorySmoothing,
        RareCategoriesStayRight = true,
        LargestStep = loss.LargestStep,
    };

    private float[] LeafValues(List<GrowingNode> nodes, double rate, ILoss loss, double[] scores, int[] rows)
    {
        var values = new float[nodes.Count];
        foreach (var node in nodes.Where(node => node.IsLeaf))
        {
            var step = node.Value;
            if (loss.LeafQuantile is { } alpha)
            {
                var range = rows.AsSpan(node.Begin, node.Count);
                var residuals = new double[range.Length];
                for (var i = 0; i < residuals.Length; i++)
                    residuals[i] = set.Labels[range[i]] - scores[range[i]];
                step = Math.Clamp(LabelStatistics.Quantile(residuals, set.Weights, range, alpha), node.Low, node.High);
            }
            values[node.Id] = (float)(rate * step);
        }
        return values;
    }

    private void AddLeaves(List<GrowingNode> nodes, float[] values, double[] scores, int[] rows)
    {
        var leaves = nodes.FindAll(node => node.IsLeaf);
        team.For(leaves.Count, (i, _) =>
        {
            double value = values[leaves[i].Id];
            foreach (var row in rows.AsSpan(leaves[i].Begin, leaves[i].Count))
                scores[row] += value;
        });
    }

    private void AddByWalking(GrowingNode root, float[] values, double[] scores, int[] rows, Func<int, bool>? chosen)
        => team.Blocks(rows.Length, BlockRows, (from, to) =>
        {
            foreach (var row in rows.AsSpan(from, to - from))
            {
                if (chosen is null || chosen(row))
                    scores[row] += values[TreeBuilder.Leaf(root, bins, row).Id];
            }
        });

    private double MeanLoss(ILoss loss, double[][] scores, int[] rows)
    {
        var sums = new (double Loss, double Weight)[(rows.Length + BlockRows - 1) / BlockRows];
        team.Blocks(rows.Length, BlockRows, (from, to) =>
        {
            double sum = 0, total = 0;
            Span<double> s = new double[scores.Length];
            foreach (var row in rows.AsSpan(from, to - from))
            {
                for (var o = 0; o < s.Length; o++)
                    s[o] = scores[o][row];
                var weight = set.Weights is null ? 1 : set.Weights[row];
                sum += weight * loss.Value(s, set.Labels[row]);
                total += weight;
            }
            sums[from / BlockRows] = (sum, total);
        });
        return sums.Sum(s => s.Loss) / sums.Sum(s => s.Weight);
    }
}

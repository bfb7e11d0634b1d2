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
    private const int MostRowsAlone = 100_000;

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
        // Trees of several classes do not wait for each other: with few rows each grows on one thread.
        var alone = outputs > 1 && team.Size > 1 && rows.Length <= MostRowsAlone;
        using var single = new ThreadTeam(1);
        var lanes = new Lane?[alone ? team.Size : 1];
        Lane Open(ThreadTeam threads) => new(threads, new TreeGrower(bins, rules, threads, rows.Length), new PackedGradients(n));
        var trees = new List<Tree>();
        var best = double.PositiveInfinity;
        for (var iteration = 0; iteration < iterations; iteration++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            team.Blocks(rows.Length, BlockRows, (from, to) => loss.Derive(set, rows.AsSpan(from, to - from), scores, gradients, hessians));
            var grown = new Tree[outputs];
            void Grow(int o, int member)
            {
                var lane = lanes[member] ??= Open(alone ? single : team);
                grown[o] = GrowTree(lane, o, iteration, outputs, rate, loss, scores[o], (gradients[o], hessians[o]), rows, validation);
            }
            if (alone)
            {
                team.For(outputs, Grow);
            }
            else
            {
                for (var o = 0; o < outputs; o++)
                    Grow(o, 0);
            }
            trees.AddRange(grown);
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

    private Tree GrowTree(
        Lane lane, int output, int iteration, int outputs, double rate, ILoss loss, double[] scores, (float[] First, float[] Second) derivatives,
        int[] rows, int[]? validation)
    {
        var number = iteration * outputs + output;
        var partition = lane.Grower.Partition.Rows;
        // All outputs of an iteration learn from the same rows.
        var sampled = RowSample.Draw(rows, options.SampleRate, context.Seed, iteration, partition);
        lane.Packed.Quantize(derivatives.First, derivatives.Second, partition, sampled, SeededRandom.Derive(context.Seed, (ulong)number), lane.Team);
        var nodes = lane.Grower.Grow(lane.Packed, sampled, set.Weights, context.Seed, number, context.Cancellation);
        var values = LeafValues(nodes, rate, loss, scores, partition);
        var tree = TreeBuilder.Build(nodes, node => values.AsSpan(node.Id, 1), partition, set.Weights, bins, output, 1);
        AddLeaves(lane.Team, nodes, values, scores, partition);
        var grown = sampled < rows.Length || validation is not null ? new BinnedTree(nodes, bins) : null;
        if (sampled < rows.Length)
            AddByWalking(lane.Team, grown!, values, scores, rows, row => !RowSample.Contains(row, options.SampleRate, context.Seed, iteration));
        if (validation is not null)
            AddByWalking(lane.Team, grown!, values, scores, validation, null);
        return tree;
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

    private static void AddLeaves(ThreadTeam team, List<GrowingNode> nodes, float[] values, double[] scores, int[] rows)
    {
        var leaves = nodes.FindAll(node => node.IsLeaf);
        team.For(leaves.Count, (i, _) =>
        {
            double value = values[leaves[i].Id];
            foreach (var row in rows.AsSpan(leaves[i].Begin, leaves[i].Count))
                scores[row] += value;
        });
    }

    private static void AddByWalking(ThreadTeam threads, BinnedTree tree, float[] values, double[] scores, int[] rows, Func<int, bool>? chosen)
        => threads.Blocks(rows.Length, BlockRows, (from, to) =>
        {
            foreach (var row in rows.AsSpan(from, to - from))
            {
                if (chosen is null || chosen(row))
                    scores[row] += values[tree.Leaf(row)];
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

    /// <summary>What growing one tree at a time needs.</summary>
    private sealed record Lane(ThreadTeam Team, TreeGrower Grower, PackedGradients Packed);
}

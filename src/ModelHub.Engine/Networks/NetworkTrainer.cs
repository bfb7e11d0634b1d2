using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Networks;

/// <summary>Steps over shuffled rows. A batch is cut into blocks of a fixed size, whose gradients are added up in order.</summary>
internal sealed class NetworkTrainer(
    TrainingSet set, NetworkOptions options, NetworkModel model, int[] rows, FitContext context, ThreadTeam team)
{
    private const int Block = 32;
    private readonly ILoss _loss = set.Task switch
    {
        TaskKind.Binary => new LogisticLoss(),
        TaskKind.Multiclass => new SoftmaxLoss(set.ClassCount),
        TaskKind.Regression => new SquaredLoss(),
    };
    private readonly float[][] _parameters = [.. model.Weights, .. model.Biases, .. model.Vectors.Where(v => v.Length > 0)];

    public NetworkModel Run()
    {
        var batch = options.BatchSize > 0 ? options.BatchSize : rows.Length < 2000 ? 32 : rows.Length < 10_000 ? 64 : 128;
        var blocks = (batch + Block - 1) / Block;
        NetworkPass[] passes = [.. Enumerable.Range(0, blocks).Select(_ => new NetworkPass(set, options, model, _loss, Block))];
        var adam = new Adam(_parameters, model.Weights.Length, options.WeightDecay);
        var order = (int[])rows.Clone();
        var best = double.PositiveInfinity;
        var (kept, bestEpoch) = (Copy(_parameters), 0);
        var step = 0;
        var steps = Math.Max(1, (order.Length + batch - 1) / batch) * (double)options.Epochs;
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            new SeededRandom(context.Seed, 0x5F, (ulong)epoch).Shuffle<int>(order);
            var late = false;
            for (var from = 0; from < order.Length && !late; from += batch, step++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                var count = Math.Min(batch, order.Length - from);
                var used = (count + Block - 1) / Block;
                team.For(used, (b, _) => passes[b].Run(
                    order.AsSpan(from + b * Block, Math.Min(Block, count - b * Block)), SeededRandom.Derive(context.Seed, (ulong)(step * 1024L + b))));
                var progress = Math.Max(step / steps, context.Spent?.Invoke() ?? 0);
                // Elementary has no cosine: the parabola (1 - p²) falls much like it.
                var rate = options.LearnRate * Math.Min(1, (step + 1) / 50.0) * Math.Max(0.02, 1 - progress * progress);
                adam.Step([.. passes.Take(used).Select(p => p.Gradients)], 1f / count, (float)rate);
                late = context.OutOfTime?.Invoke() == true;
            }
            if (Better(epoch, ref best))
                (kept, bestEpoch) = (Copy(_parameters), epoch);
            if (late || context.ValidationRows is not null && options.StoppingRounds > 0 && epoch - bestEpoch >= options.StoppingRounds)
                break;
        }
        for (var p = 0; p < kept.Length; p++)
            kept[p].CopyTo(_parameters[p], 0);
        return model;
    }

    /// <summary>Without validation rows the last is the best.</summary>
    private bool Better(int epoch, ref double best)
    {
        var loss = double.NaN;
        if (context.ValidationRows is { Length: > 0 } held)
        {
            var scores = new double[held.Length * model.OutputCount];
            var size = 1024 * model.OutputCount;
            team.For((held.Length + 1023) / 1024, (b, _) =>
                model.Score(set.Features, held.AsSpan(b * 1024, Math.Min(1024, held.Length - b * 1024)), scores.AsSpan(b * size)));
            loss = 0;
            for (var i = 0; i < held.Length; i++)
                loss += _loss.Value(scores.AsSpan(i * model.OutputCount, model.OutputCount), set.Labels[held[i]]) / held.Length;
        }
        context.Progress?.Invoke(new FitStep(epoch + 1, options.Epochs, double.NaN, loss));
        if (double.IsNaN(loss))
            return context.ValidationRows is not { Length: > 0 };
        if (loss >= best)
            return false;
        best = loss;
        return true;
    }

    private static float[][] Copy(float[][] parameters) => Array.ConvertAll(parameters, p => (float[])p.Clone());
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Losses;

/// <summary>Logistic loss of a binary label.</summary>
public sealed class LogisticLoss : ILoss
{
    public Link Link => Link.Logistic;

    public double[] Start(TrainingSet set, ReadOnlySpan<int> rows)
    {
        double positive = 0, all = 0;
        foreach (var r in rows)
        {
            var weight = set.Weights?[r] ?? 1;
            positive += weight * set.Labels[r];
            all += weight;
        }
        var p = Math.Clamp(positive / all, 1e-9, 1 - 1e-9);
        return [Elementary.Log(p / (1 - p))];
    }

    public void Derive(ReadOnlySpan<double> scores, double label, Span<double> gradients, Span<double> hessians)
    {
        var p = Elementary.Logistic(scores[0]);
        gradients[0] = p - label;
        hessians[0] = Math.Max(p * (1 - p), 1e-12);
    }

    /// <summary>The same without a call per row: this is run for every row and tree.</summary>
    void ILoss.Derive(TrainingSet set, ReadOnlySpan<int> rows, double[][] scores, float[][] gradients, float[][] hessians)
    {
        var (score, gradient, hessian) = (scores[0], gradients[0], hessians[0]);
        var (labels, weights) = (set.Labels, set.Weights);
        Span<double> block = stackalloc double[512];
        for (; rows.Length > 0; rows = rows[Math.Min(rows.Length, block.Length)..])
        {
            var part = rows[..Math.Min(rows.Length, block.Length)];
            for (var i = 0; i < part.Length; i++)
                block[i] = score[part[i]];
            Elementary.Logistic(block[..part.Length]);
            for (var i = 0; i < part.Length; i++)
            {
                var (row, p) = (part[i], block[i]);
                var weight = weights is null ? 1 : weights[row];
                gradient[row] = (float)(weight * (p - labels[row]));
                hessian[row] = (float)(weight * Math.Max(p * (1 - p), 1e-12));
            }
        }
    }

    public double Value(ReadOnlySpan<double> scores, double label)
    {
        var margin = label > 0.5 ? scores[0] : -scores[0];
        return margin > 0 ? Elementary.Log(1 + Elementary.Exp(-margin)) : Elementary.Log(1 + Elementary.Exp(margin)) - margin;
    }
}

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

    public double Value(ReadOnlySpan<double> scores, double label)
    {
        var margin = label > 0.5 ? scores[0] : -scores[0];
        return margin > 0 ? Elementary.Log(1 + Elementary.Exp(-margin)) : Elementary.Log(1 + Elementary.Exp(margin)) - margin;
    }
}

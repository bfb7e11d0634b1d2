using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Losses;

/// <summary>Cross-entropy of the softmax over classes.</summary>
public sealed class SoftmaxLoss(int classes) : ILoss
{
    public Link Link => Link.Softmax;

    public double[] Start(TrainingSet set, ReadOnlySpan<int> rows)
    {
        var weights = new double[classes];
        foreach (var r in rows)
            weights[(int)set.Labels[r]] += set.Weights?[r] ?? 1;
        var all = weights.Sum();
        return [.. weights.Select(w => Elementary.Log(Math.Max(w / all, 1e-9)))];
    }

    public void Derive(ReadOnlySpan<double> scores, double label, Span<double> gradients, Span<double> hessians)
    {
        scores.CopyTo(gradients);
        Elementary.Softmax(gradients);
        // K/(K-1) makes the diagonal of the Hessian a bound for all of it (Friedman 2001).
        var factor = classes / (classes - 1.0);
        for (var k = 0; k < classes; k++)
            hessians[k] = Math.Max(factor * gradients[k] * (1 - gradients[k]), 1e-12);
        gradients[(int)label] -= 1;
    }

    public double Value(ReadOnlySpan<double> scores, double label)
    {
        var top = double.NegativeInfinity;
        foreach (var s in scores)
            top = Math.Max(top, s);
        var sum = 0.0;
        foreach (var s in scores)
            sum += Elementary.Exp(s - top);
        return Elementary.Log(sum) + top - scores[(int)label];
    }
}

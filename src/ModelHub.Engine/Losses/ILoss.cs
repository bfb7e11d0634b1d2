using ModelHub.Engine.Data;

namespace ModelHub.Engine.Losses;

/// <summary>A differentiable loss of raw scores, second order.</summary>
public interface ILoss
{
    Link Link { get; }

    /// <summary>When set, a leaf takes this quantile of its residuals instead of a Newton step.</summary>
    double? LeafQuantile => null;

    /// <summary>The largest step of a leaf before shrinkage.</summary>
    double LargestStep => double.PositiveInfinity;

    /// <summary>Raw scores that fit the labels best without any feature.</summary>
    double[] Start(TrainingSet set, ReadOnlySpan<int> rows);

    /// <summary>First and second derivative for one row; scores, gradients and hessians have one entry per output.</summary>
    void Derive(ReadOnlySpan<double> scores, double label, Span<double> gradients, Span<double> hessians);

    /// <summary>Weighted derivatives for the rows of a matrix; arrays are per output, indexed by row.</summary>
    void Derive(TrainingSet set, ReadOnlySpan<int> rows, double[][] scores, float[][] gradients, float[][] hessians)
    {
        Span<double> s = new double[scores.Length], g = new double[scores.Length], h = new double[scores.Length];
        foreach (var row in rows)
        {
            for (var o = 0; o < s.Length; o++)
                s[o] = scores[o][row];
            Derive(s, set.Labels[row], g, h);
            var weight = set.Weights is null ? 1 : set.Weights[row];
            for (var o = 0; o < s.Length; o++)
            {
                gradients[o][row] = (float)(weight * g[o]);
                hessians[o][row] = (float)(weight * h[o]);
            }
        }
    }

    /// <summary>The loss of one row.</summary>
    double Value(ReadOnlySpan<double> scores, double label);
}

using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Losses;

/// <summary>One score per row.</summary>
public abstract class ValueLoss : ILoss
{
    public virtual Link Link => Link.Identity;

    public virtual double? LeafQuantile => null;

    public virtual double LargestStep => double.PositiveInfinity;

    public abstract double[] Start(TrainingSet set, ReadOnlySpan<int> rows);

    public void Derive(ReadOnlySpan<double> scores, double label, Span<double> gradients, Span<double> hessians)
        => (gradients[0], hessians[0]) = Derivatives(label, scores[0]);

    public double Value(ReadOnlySpan<double> scores, double label) => Loss(label, scores[0]);

    /// <summary>First and second derivative of the loss by the score.</summary>
    protected abstract (double First, double Second) Derivatives(double label, double score);

    protected abstract double Loss(double label, double score);
}

/// <summary>The pinball loss of a quantile, times a scale: at one half and scale 2 it is the absolute error.</summary>
public sealed class QuantileLoss(double alpha, double scale) : ValueLoss
{
    public override double? LeafQuantile => alpha;

    public override double[] Start(TrainingSet set, ReadOnlySpan<int> rows) => [LabelStatistics.Quantile(set, rows, alpha)];

    protected override (double First, double Second) Derivatives(double label, double score)
        => (label > score ? -alpha * scale : label < score ? (1 - alpha) * scale : 0, 1);

    protected override double Loss(double label, double score)
        => scale * (label > score ? alpha * (label - score) : (1 - alpha) * (score - label));
}

/// <summary>Squared near the label, absolute beyond delta; delta is a quantile of the absolute residuals at the start (Friedman 2001).</summary>
public sealed class HuberLoss(double alpha) : ValueLoss
{
    private double _delta = 1;

    public override double[] Start(TrainingSet set, ReadOnlySpan<int> rows)
    {
        var median = LabelStatistics.Quantile(set, rows, 0.5);
        var residuals = new double[rows.Length];
        for (var i = 0; i < residuals.Length; i++)
            residuals[i] = Math.Abs(set.Labels[rows[i]] - median);
        Array.Sort(residuals);
        var delta = residuals[Math.Min(residuals.Length - 1, (int)(alpha * residuals.Length))];
        _delta = delta > 0 ? delta : 1;
        return [median];
    }

    protected override (double First, double Second) Derivatives(double label, double score)
        => (Math.Clamp(score - label, -_delta, _delta), 1);

    protected override double Loss(double label, double score)
    {
        var residual = Math.Abs(score - label);
        return residual <= _delta ? residual * residual / 2 : _delta * (residual - _delta / 2);
    }
}

/// <summary>exp(s) - y·s: counts.</summary>
public sealed class PoissonLoss : ValueLoss
{
    public override Link Link => Link.Exponential;

    public override double LargestStep => 3;

    public override double[] Start(TrainingSet set, ReadOnlySpan<int> rows) => [LabelStatistics.LogMean(set, rows, "Poisson", zero: true)];

    protected override (double First, double Second) Derivatives(double label, double score)
    {
        var mean = Elementary.Exp(score);
        return (mean - label, mean);
    }

    protected override double Loss(double label, double score) => Elementary.Exp(score) - label * score;
}

/// <summary>Deviance of the compound Poisson distribution with 1 &lt; power &lt; 2: amounts that are often 0.</summary>
public sealed class TweedieLoss(double power) : ValueLoss
{
    public override Link Link => Link.Exponential;

    public override double LargestStep => 3;

    public override double[] Start(TrainingSet set, ReadOnlySpan<int> rows) => [LabelStatistics.LogMean(set, rows, "Tweedie", zero: true)];

    protected override (double First, double Second) Derivatives(double label, double score)
    {
        var a = label * Elementary.Exp((1 - power) * score);
        var b = Elementary.Exp((2 - power) * score);
        return (b - a, (2 - power) * b - (1 - power) * a);
    }

    protected override double Loss(double label, double score)
        => Elementary.Exp((2 - power) * score) / (2 - power) - label * Elementary.Exp((1 - power) * score) / (1 - power);
}

/// <summary>y·exp(-s) + s: positive amounts with a constant coefficient of variation.</summary>
public sealed class GammaLoss : ValueLoss
{
    public override Link Link => Link.Exponential;

    public override double LargestStep => 3;

    public override double[] Start(TrainingSet set, ReadOnlySpan<int> rows) => [LabelStatistics.LogMean(set, rows, "Gamma", zero: false)];

    protected override (double First, double Second) Derivatives(double label, double score)
    {
        var ratio = label * Elementary.Exp(-score);
        return (1 - ratio, ratio);
    }

    protected override double Loss(double label, double score) => label * Elementary.Exp(-score) + score;
}

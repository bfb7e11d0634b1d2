using ModelHub.Engine.Data;

namespace ModelHub.Engine.Losses;

/// <summary>A differentiable loss of raw scores, second order.</summary>
public interface ILoss
{
    Link Link { get; }

    /// <summary>Raw scores that fit the labels best without any feature.</summary>
    double[] Start(TrainingSet set, ReadOnlySpan<int> rows);

    /// <summary>First and second derivative for one row; scores, gradients and hessians have one entry per output.</summary>
    void Derive(ReadOnlySpan<double> scores, double label, Span<double> gradients, Span<double> hessians);

    /// <summary>The loss of one row.</summary>
    double Value(ReadOnlySpan<double> scores, double label);
}

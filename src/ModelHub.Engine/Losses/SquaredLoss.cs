using ModelHub.Engine.Data;

namespace ModelHub.Engine.Losses;

/// <summary>Half of the squared error.</summary>
public sealed class SquaredLoss : ILoss
{
    public Link Link => Link.Identity;

    public double[] Start(TrainingSet set, ReadOnlySpan<int> rows)
    {
        double sum = 0, all = 0;
        foreach (var r in rows)
        {
            var weight = set.Weights?[r] ?? 1;
            sum += weight * set.Labels[r];
            all += weight;
        }
        return [sum / all];
    }

    public void Derive(ReadOnlySpan<double> scores, double label, Span<double> gradients, Span<double> hessians)
    {
        gradients[0] = scores[0] - label;
        hessians[0] = 1;
    }

    public double Value(ReadOnlySpan<double> scores, double label) => 0.5 * (scores[0] - label) * (scores[0] - label);
}

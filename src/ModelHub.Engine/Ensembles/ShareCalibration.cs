using ModelHub.Engine.Losses;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Ensembles;

/// <summary>
/// Puts a forest's class shares on the scale of log odds: score = Slope × share + Offset, fitted by log loss (Platt 1999). The map is affine,
/// so the result is a forest again: its contributions stay exact and it can be blended with boosted trees and linear models.
/// </summary>
public static class ShareCalibration
{
    private const int Steps = 60;

    /// <param name="shares">Raw scores, rows × outputs.</param>
    /// <param name="labels">Class per row.</param>
    /// <param name="skip">Rows that are not looked at: first and count.</param>
    /// <returns>Slope, and an offset per output.</returns>
    public static (double Slope, double[] Offsets) Fit(double[] shares, double[] labels, int outputs, (int First, int Count) skip)
    {
        ILoss loss = outputs == 1 ? new LogisticLoss() : new SoftmaxLoss(outputs);
        var scores = new double[outputs];
        // Two numbers need no more than some thousand rows; every so-manieth of all is taken.
        var stride = Math.Max(1, labels.Length / 5000);
        double Loss(double slope, double offset)
        {
            var sum = 0.0;
            for (var r = 0; r < labels.Length; r += stride)
            {
                if (r >= skip.First && r < skip.First + skip.Count)
                    continue;
                for (var o = 0; o < outputs; o++)
                    scores[o] = slope * shares[r * outputs + o] + offset;
                sum += loss.Value(scores, labels[r]);
            }
            return sum;
        }
        // Both directions are convex, so a search by the golden section inside another one finds the least loss; an offset that all
        // classes share changes nothing, so several classes have none.
        if (outputs > 1)
            return (Golden(s => Loss(s, 0), 0.01, 60), new double[outputs]);
        double OffsetOf(double slope) => Golden(o => Loss(slope, o), -40, 20);
        var best = Golden(s => Loss(s, OffsetOf(s)), 0.01, 40, Steps / 3);
        return (best, [OffsetOf(best)]);
    }

    public static Forest Apply(Forest forest, double slope, double[] offsets)
    {
        var trees = forest.Trees.Select(tree => new Tree
        {
            Output = tree.Output, Width = tree.Width, Feature = tree.Feature, Threshold = tree.Threshold, Left = tree.Left, Right = tree.Right,
            MissingLeft = tree.MissingLeft, CategoryOffset = tree.CategoryOffset, CategoryWords = tree.CategoryWords,
            CategoryBits = tree.CategoryBits, Value = Array.ConvertAll(tree.Value, v => (float)(slope * v)), Cover = tree.Cover, Gain = tree.Gain,
        });
        return new Forest([.. trees], [.. forest.Base.Select((b, o) => slope * b + offsets[o])], forest.FeatureCount,
            forest.OutputCount == 1 ? Link.Logistic : Link.Softmax);
    }

    private static double Golden(Func<double, double> value, double low, double high, int steps = Steps / 2)
    {
        const double ratio = 0.61803398874989485;
        var (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        var (atA, atB) = (value(a), value(b));
        for (var i = 0; i < steps; i++)
        {
            if (atA < atB)
            {
                (high, b, atB) = (b, a, atA);
                a = high - ratio * (high - low);
                atA = value(a);
            }
            else
            {
                (low, a, atA) = (a, b, atB);
                b = low + ratio * (high - low);
                atB = value(b);
            }
        }
        return (low + high) / 2;
    }
}

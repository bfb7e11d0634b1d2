namespace ModelHub.Engine.Metrics;

/// <summary>
/// What a binary decision comes to at one threshold. A row is called positive when its score is above the threshold, as
/// <see cref="EvaluationReport.Decide"/> has it. Ratios whose denominator is 0 are 0.
/// </summary>
/// <param name="Threshold">Lies between two scores that occur, so that &gt; and ≥ decide alike (above no row: the highest score).</param>
public sealed record ThresholdPoint(double Threshold, int TruePositives, int FalsePositives, int TrueNegatives, int FalseNegatives)
{
    public double Precision => Ratio(TruePositives, TruePositives + FalsePositives);

    /// <summary>Also called sensitivity or true positive rate.</summary>
    public double Recall => Ratio(TruePositives, TruePositives + FalseNegatives);

    public double Specificity => Ratio(TrueNegatives, TrueNegatives + FalsePositives);

    public double FalsePositiveRate => Ratio(FalsePositives, TrueNegatives + FalsePositives);

    public double F1 => Ratio(2.0 * TruePositives, 2.0 * TruePositives + FalsePositives + FalseNegatives);

    public double Accuracy => Ratio(TruePositives + TrueNegatives, TruePositives + (double)FalsePositives + TrueNegatives + FalseNegatives);

    /// <summary>Youden's J: recall + specificity - 1.</summary>
    public double Youden => Recall + Specificity - 1;

    private static double Ratio(double part, double whole) => whole == 0 ? 0 : part / whole;
}

/// <summary>Where to draw the line between negative and positive.</summary>
public static class Thresholds
{
    /// <summary>Every distinct decision, by falling threshold, from "no row is positive" to "all are"; thinned to at most <paramref name="most"/>.</summary>
    /// <exception cref="EngineException">Nothing to look at, lengths that differ, or a score that is no number.</exception>
    public static IReadOnlyList<ThresholdPoint> Curve(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, int most = 200)
    {
        var points = All(scores, positive);
        if (points.Count <= most)
            return points;
        return [.. Enumerable.Range(0, most).Select(i => points[(int)((long)i * (points.Count - 1) / (most - 1))])];
    }

    /// <summary>The decision with the largest F1; of equal ones that with the highest threshold.</summary>
    public static ThresholdPoint BestF1(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive) => Best(scores, positive, p => p.F1);

    /// <summary>The decision with the largest recall + specificity (Youden 1950).</summary>
    public static ThresholdPoint BestYouden(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive) => Best(scores, positive, p => p.Youden);

    /// <summary>The decision with the largest share of rows that are right.</summary>
    public static ThresholdPoint BestAccuracy(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive) => Best(scores, positive, p => p.Accuracy);

    /// <summary>The decision that costs least, when every false positive and every false negative has its price.</summary>
    /// <exception cref="EngineException">A price that is negative or not finite.</exception>
    public static ThresholdPoint LeastCost(
        ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, double falsePositiveCost, double falseNegativeCost)
    {
        if (!(falsePositiveCost >= 0 && falseNegativeCost >= 0 && double.IsFinite(falsePositiveCost + falseNegativeCost)))
            throw new EngineException("The costs of a false positive and of a false negative must be finite and not negative.");
        return Best(scores, positive, p => -(p.FalsePositives * falsePositiveCost + p.FalseNegatives * falseNegativeCost));
    }

    /// <summary>What a given threshold comes to.</summary>
    public static ThresholdPoint At(double threshold, ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        ScoredRows.Check(scores, positive);
        int tp = 0, fp = 0, tn = 0, fn = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            if (scores[i] > threshold)
                (tp, fp) = positive[i] ? (tp + 1, fp) : (tp, fp + 1);
            else
                (tn, fn) = positive[i] ? (tn, fn + 1) : (tn + 1, fn);
        }
        return new ThresholdPoint(threshold, tp, fp, tn, fn);
    }

    private static ThresholdPoint Best(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, Func<ThresholdPoint, double> worth)
    {
        var points = All(scores, positive);
        var (best, most) = (points[0], worth(points[0]));
        foreach (var point in points)
        {
            if (worth(point) is var value && value > most)
                (best, most) = (point, value);
        }
        return best;
    }

    private static List<ThresholdPoint> All(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var steps = ScoredRows.ByFallingScore(scores, positive);
        var (positives, negatives) = (steps[^1].Positives, steps[^1].Negatives);
        var points = new List<ThresholdPoint>(steps.Count + 1) { new(steps[0].Score, 0, 0, negatives, positives) };
        for (var i = 0; i < steps.Count; i++)
        {
            var (score, above, wrong) = steps[i];
            var threshold = i + 1 < steps.Count ? Between(steps[i + 1].Score, score) : score > 0 ? score / 2 : Math.BitDecrement(score);
            points.Add(new ThresholdPoint(threshold, above, wrong, negatives - wrong, positives - above));
        }
        return points;
    }

    private static double Between(double low, double high)
    {
        var middle = low / 2 + high / 2;
        return middle >= low && middle < high ? middle : low;
    }
}

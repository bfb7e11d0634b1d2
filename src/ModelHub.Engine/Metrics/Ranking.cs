namespace ModelHub.Engine.Metrics;

/// <summary>Metrics of an order: area under the ROC curve and the curves themselves.</summary>
public static class Ranking
{
    /// <summary>Area under the ROC curve, ties counted half (Mann and Whitney); NaN when one class is absent.</summary>
    public static double Auc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var order = Order(scores);
        double rankSum = 0, positives = 0;
        for (var i = 0; i < order.Length;)
        {
            var end = i;
            while (end < order.Length && scores[order[end]] == scores[order[i]])
                end++;
            var rank = (i + 1 + end) / 2.0;
            for (; i < end; i++)
            {
                if (positive[order[i]])
                {
                    rankSum += rank;
                    positives++;
                }
            }
        }
        var negatives = order.Length - positives;
        return positives == 0 || negatives == 0 ? double.NaN : (rankSum - positives * (positives + 1) / 2) / (positives * negatives);
    }

    /// <summary>Points of the ROC curve from (0,0) to (1,1), thinned to at most <paramref name="most"/>.</summary>
    public static (double[] FalsePositiveRate, double[] TruePositiveRate) Roc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, int most = 2000)
    {
        var points = Counts(scores, positive);
        var (_, trues, falses) = points[^1];
        var kept = Thin(points, most);
        return ([.. kept.Select(p => falses == 0 ? 0 : p.False / (double)falses)], [.. kept.Select(p => trues == 0 ? 0 : p.True / (double)trues)]);
    }

    /// <summary>Precision, recall and the threshold they belong to, by falling threshold.</summary>
    public static (double[] Precision, double[] Recall, double[] Threshold) PrecisionRecall(
        ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, int most = 2000)
    {
        var points = Counts(scores, positive);
        var trues = points[^1].True;
        var kept = Thin(points, most).Skip(1).ToArray();
        return (
            [.. kept.Select(p => p.True / (double)(p.True + p.False))],
            [.. kept.Select(p => trues == 0 ? 0 : p.True / (double)trues)],
            [.. kept.Select(p => p.Score)]);
    }

    /// <summary>The threshold (value ≥ threshold is positive) with the best F1 and with the best accuracy.</summary>
    public static (double F1Threshold, double AccuracyThreshold) BestThresholds(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var points = Counts(scores, positive);
        var (trues, falses) = (points[^1].True, points[^1].False);
        var byF1 = points.Skip(1).MaxBy(p => 2.0 * p.True / (p.True + p.False + trues));
        var byAccuracy = points.Skip(1).MaxBy(p => p.True + falses - p.False);
        return (byF1.Score, byAccuracy.Score);
    }

    /// <summary>After each distinct score, from the highest: how many positives and negatives are at or above it.</summary>
    private static List<(double Score, int True, int False)> Counts(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var order = Order(scores);
        var points = new List<(double, int, int)> { (double.PositiveInfinity, 0, 0) };
        int trues = 0, falses = 0;
        for (var i = order.Length - 1; i >= 0;)
        {
            var score = scores[order[i]];
            for (; i >= 0 && scores[order[i]] == score; i--)
            {
                if (positive[order[i]])
                    trues++;
                else
                    falses++;
            }
            points.Add((score, trues, falses));
        }
        return points;
    }

    private static List<T> Thin<T>(List<T> points, int most) => points.Count <= most
        ? points
        : [.. Enumerable.Range(0, most).Select(i => points[(int)((long)i * (points.Count - 1) / (most - 1))])];

    private static int[] Order(ReadOnlySpan<double> scores)
    {
        var keys = scores.ToArray();
        var order = Enumerable.Range(0, keys.Length).ToArray();
        Array.Sort(keys, order);
        return order;
    }
}

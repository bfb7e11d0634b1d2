using ModelHub.Engine.Metrics;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Tests.Metrics;

public sealed class ThresholdTests
{
    [Fact]
    public void A_curve_counts_what_deciding_by_hand_counts()
    {
        var (scores, positive) = Draw(200, 3);
        foreach (var point in Thresholds.Curve(scores, positive, 10_000))
            Assert.Equal(Thresholds.At(point.Threshold, scores, positive), point);
    }

    [Fact]
    public void A_curve_goes_from_no_row_to_all_rows()
    {
        var (scores, positive) = Draw(50, 4);
        var curve = Thresholds.Curve(scores, positive);
        Assert.Equal(0, curve[0].TruePositives + curve[0].FalsePositives);
        Assert.Equal(50, curve[^1].TruePositives + curve[^1].FalsePositives);
        Assert.Equal(7, Thresholds.Curve(scores, positive, 7).Count);
    }

    [Fact]
    public void The_best_are_the_best_of_all_thresholds()
    {
        var (scores, positive) = Draw(300, 5);
        var all = scores.Append(-1).Append(2).Select(t => Thresholds.At(t, scores, positive)).ToArray();
        Assert.Equal(all.Max(p => p.F1), Thresholds.BestF1(scores, positive).F1);
        Assert.Equal(all.Max(p => p.Youden), Thresholds.BestYouden(scores, positive).Youden);
        Assert.Equal(all.Max(p => p.Accuracy), Thresholds.BestAccuracy(scores, positive).Accuracy);
        var cheapest = Thresholds.LeastCost(scores, positive, 1, 7);
        Assert.Equal(all.Min(p => p.FalsePositives + 7 * p.FalseNegatives), cheapest.FalsePositives + 7 * cheapest.FalseNegatives);
    }

    [Fact]
    public void Dear_false_negatives_lower_the_threshold()
    {
        var (scores, positive) = Draw(300, 6);
        Assert.True(Thresholds.LeastCost(scores, positive, 1, 20).Threshold < Thresholds.LeastCost(scores, positive, 20, 1).Threshold);
        Assert.Throws<EngineException>(() => Thresholds.LeastCost([0.5], [true], -1, 1));
        Assert.Throws<EngineException>(() => Thresholds.LeastCost([0.5], [true], double.NaN, 1));
    }

    [Fact]
    public void One_row_or_one_score_is_no_trouble()
    {
        Assert.Equal(1, Thresholds.BestF1([0.0], [true]).TruePositives);
        Assert.Equal(2, Thresholds.Curve([0.5, 0.5, 0.5], [true, false, true]).Count);
        Assert.Equal(0, Thresholds.BestF1([0.3, 0.4], [false, false]).F1);
    }

    [Fact]
    public void What_cannot_be_measured_is_said()
    {
        Assert.Contains("no row", Assert.Throws<EngineException>(() => Thresholds.Curve([], [])).Message, StringComparison.Ordinal);
        Assert.Contains("2 scores for 1", Assert.Throws<EngineException>(() => Thresholds.Curve([1, 2], [true])).Message, StringComparison.Ordinal);
        Assert.Contains("row 2", Assert.Throws<EngineException>(() => Thresholds.Curve([1, double.NaN], [true, false])).Message, StringComparison.Ordinal);
    }

    internal static (double[] Scores, bool[] Positive) Draw(int rows, ulong seed)
    {
        var random = new SeededRandom(seed);
        var scores = new double[rows];
        var positive = new bool[rows];
        for (var i = 0; i < rows; i++)
        {
            // Some scores are equal.
            scores[i] = random.Below(64) / 64.0;
            positive[i] = random.NextDouble() < scores[i];
        }
        return (scores, positive);
    }
}

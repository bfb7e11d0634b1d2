using ModelHub.Engine.Data;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Tests.Metrics;

public sealed class CalibrationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_row_is_in_one_bin(bool equalCounts)
    {
        var (scores, positive) = ThresholdTests.Draw(997, 1);
        var calibration = Calibration.Of(scores, positive, 10, equalCounts);
        Assert.Equal(997, calibration.Bins.Sum(b => b.Count));
        Assert.Equal(scores.Sum(), calibration.Bins.Sum(b => b.MeanPredicted * b.Count), 9);
        Assert.Equal(positive.Count(p => p), calibration.Bins.Sum(b => b.ObservedRate * b.Count), 9);
        Assert.All(calibration.Bins, b => Assert.InRange(b.MeanPredicted, b.Low - 1e-12, b.High + 1e-12));
        Assert.True(calibration.ExpectedError <= calibration.LargestError);
        Assert.True(calibration.ExpectedError < 0.1, "labels were drawn with these probabilities");
    }

    [Fact]
    public void Known_figures()
    {
        var calibration = Calibration.Of([0.1, 0.1, 0.9, 1.0], [false, true, true, true], 2);
        Assert.Equal(2, calibration.Bins.Count);
        Assert.Equal(0.5, calibration.Bins[0].ObservedRate);
        Assert.Equal((0.4 * 2 + 0.05 * 2) / 4, calibration.ExpectedError, 12);
        Assert.Equal(0.4, calibration.LargestError, 12);
        Assert.Equal((0.01 + 0.81 + 0.01 + 0) / 4, calibration.Brier, 12);
    }

    [Fact]
    public void Probabilities_are_from_0_to_1()
    {
        Assert.Throws<EngineException>(() => Calibration.Of([1.5], [true]));
        Assert.Throws<EngineException>(() => Calibration.Of([0.5], [true], 0));
    }

    [Fact]
    public void Gains_end_at_all_positives_and_do_not_depend_on_the_order_of_rows()
    {
        var (scores, positive) = ThresholdTests.Draw(1003, 2);
        var table = LiftTable.Of(scores, positive);
        Assert.Equal(10, table.Count);
        Assert.Equal(1, table[^1].Fraction);
        Assert.Equal(1, table[^1].CumulativeCaptureRate, 12);
        Assert.Equal(1, table[^1].CumulativeLift, 12);
        Assert.True(table[0].Lift > 1.3 && table[^1].Lift < 0.5);
        var order = Enumerable.Range(0, scores.Length).ToArray();
        new SeededRandom(9).Shuffle<int>(order);
        Assert.Equal(table, LiftTable.Of([.. order.Select(i => scores[i])], [.. order.Select(i => positive[i])]));
    }

    [Fact]
    public void Lift_of_a_perfect_order_and_of_none()
    {
        var perfect = LiftTable.Of([4, 3, 2, 1], [true, false, false, false], 4);
        Assert.Equal([4, 0, 0, 0], perfect.Select(g => g.Lift));
        Assert.Equal(1, perfect[0].KolmogorovSmirnov);
        Assert.All(LiftTable.Of([1, 1, 1, 1], [true, false, false, false], 4), g => Assert.Equal(1, g.Lift, 12));
        Assert.Throws<EngineException>(() => LiftTable.Of([1, 2], [false, false]));
        Assert.Throws<EngineException>(() => LiftTable.Of([1, 2], [true, false], 0));
    }

    [Fact]
    public void An_interval_holds_the_value_and_narrows_with_more_rows()
    {
        var (few, many) = (Interval(100), Interval(10_000));
        Assert.InRange(few.Value, few.Low, few.High);
        Assert.InRange(many.Value, many.Low, many.High);
        Assert.True(many.High - many.Low < (few.High - few.Low) / 4);
        Assert.Equal(many, Interval(10_000));
        static MetricInterval Interval(int rows)
        {
            var random = new SeededRandom(3);
            var values = Enumerable.Range(0, rows).Select(_ => random.NextDouble()).ToArray();
            return Bootstrap.Interval(rows, drawn => drawn.Average(i => values[i]));
        }
    }

    [Fact]
    public void A_report_has_an_interval_for_each_of_its_metrics()
    {
        var (scores, positive) = ThresholdTests.Draw(400, 8);
        var outputs = scores.SelectMany(s => new[] { 1 - s, s }).ToArray();
        double[] labels = [.. positive.Select(p => p ? 1.0 : 0.0)];
        labels[17] = double.NaN;
        var report = EvaluationReport.Of(TaskKind.Binary, ["no", "yes"], outputs, labels);
        var intervals = Bootstrap.Report(TaskKind.Binary, ["no", "yes"], outputs, labels, resamples: 50, seed: 5);
        Assert.Equal(report.Metrics, intervals.ToDictionary(m => m.Key, m => m.Value.Value));
        Assert.All(intervals.Values, i => Assert.True(i.Low <= i.Value && i.Value <= i.High && i.StandardError > 0));
        var values = Bootstrap.Report(TaskKind.Regression, [], [1, 2, 3.5], [1, 2, 3], resamples: 20);
        Assert.Equal(4, values.Count);
        Assert.Throws<EngineException>(() => Bootstrap.Report(TaskKind.Regression, [], [1], [double.NaN]));
        Assert.Throws<EngineException>(() => Bootstrap.Interval(5, _ => 0, resamples: 1));
    }
}

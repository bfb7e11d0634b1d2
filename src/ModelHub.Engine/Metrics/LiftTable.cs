namespace ModelHub.Engine.Metrics;

/// <summary>One group of the rows with the highest scores first, and everything up to its end.</summary>
/// <param name="Fraction">Share of all rows up to and with this group, 0..1.</param>
/// <param name="LowerScore">The lowest score of the group.</param>
/// <param name="ResponseRate">Share of the group's rows that are positive.</param>
/// <param name="Lift">That share, relative to the share among all rows.</param>
/// <param name="CaptureRate">Share of all positives that are in the group.</param>
/// <param name="CumulativeCaptureRate">The gain: share of all positives up to and with the group.</param>
/// <param name="KolmogorovSmirnov">Share of positives less share of negatives up to and with the group.</param>
public sealed record LiftGroup(
    int Group, double Fraction, double LowerScore, double ResponseRate, double Lift, double CumulativeResponseRate, double CumulativeLift,
    double CaptureRate, double CumulativeCaptureRate, double KolmogorovSmirnov);

/// <summary>Gains and lift: how many of the positives one has when one takes the rows with the highest scores.</summary>
public static class LiftTable
{
    /// <summary>
    /// Groups of equal numbers of rows, the highest scores first. Rows with equal scores are taken to be mixed evenly, so that the table does
    /// not depend on the order of rows.
    /// </summary>
    /// <param name="groups">1..1000; not more than there are rows.</param>
    /// <exception cref="EngineException">No rows, no positives, lengths that differ, or a number of groups that is none.</exception>
    public static IReadOnlyList<LiftGroup> Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, int groups = 10)
    {
        if (groups is < 1 or > 1000)
            throw new EngineException($"The number of lift groups is {groups}; it must be from 1 to 1000.");
        var steps = ScoredRows.ByFallingScore(scores, positive);
        double positives = steps[^1].Positives, rows = scores.Length;
        if (positives == 0)
            throw new EngineException("No row is positive: there is no lift to measure.");
        var made = new List<LiftGroup>();
        groups = Math.Min(groups, scores.Length);
        var step = 0;
        double before = 0, rowsBefore = 0;
        for (var g = 1; g <= groups; g++)
        {
            var upTo = (double)(long)(rows * g / groups);
            while (steps[step].Positives + (double)steps[step].Negatives < upTo)
                step++;
            var (startPositives, startRows) = step == 0 ? (0, 0.0) : (steps[step - 1].Positives, steps[step - 1].Positives + (double)steps[step - 1].Negatives);
            var part = (upTo - startRows) / (steps[step].Positives + (double)steps[step].Negatives - startRows);
            var hits = startPositives + part * (steps[step].Positives - startPositives);
            var response = (hits - before) / (upTo - rowsBefore);
            var negatives = rows - positives;
            made.Add(new LiftGroup(
                g, upTo / rows, steps[step].Score, response, response / (positives / rows), hits / upTo, hits / upTo / (positives / rows),
                (hits - before) / positives, hits / positives, hits / positives - (negatives == 0 ? 0 : (upTo - hits) / negatives)));
            (before, rowsBefore) = (hits, upTo);
        }
        return made;
    }
}

namespace ModelHub.Engine.Metrics;

/// <param name="Low">Probabilities of the bin are from here (0-based, the first bin has 0 in it) …</param>
/// <param name="High">… up to here.</param>
/// <param name="MeanPredicted">Mean probability of the bin's rows.</param>
/// <param name="ObservedRate">Share of the bin's rows that are positive.</param>
public sealed record CalibrationBin(double Low, double High, int Count, double MeanPredicted, double ObservedRate);

/// <summary>How far predicted probabilities can be taken at their word.</summary>
/// <param name="Bins">Bins that have rows, ascending.</param>
/// <param name="ExpectedError">Mean of |mean predicted - observed| over rows: the expected calibration error.</param>
/// <param name="LargestError">The largest of the bins' differences.</param>
/// <param name="Brier">Mean squared difference of probability and outcome (Brier 1950).</param>
public sealed record Calibration(IReadOnlyList<CalibrationBin> Bins, double ExpectedError, double LargestError, double Brier)
{
    /// <param name="probabilities">Of the positive class, per row.</param>
    /// <param name="bins">1..1000; of equal width, or of equal numbers of rows (equal probabilities are never divided).</param>
    /// <exception cref="EngineException">No rows, lengths that differ, probabilities outside 0..1, or a number of bins that is none.</exception>
    public static Calibration Of(ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> positive, int bins = 10, bool equalCounts = false)
    {
        ScoredRows.Check(probabilities, positive);
        if (bins is < 1 or > 1000)
            throw new EngineException($"The number of calibration bins is {bins}; it must be from 1 to 1000.");
        var (keys, marks) = (probabilities.ToArray(), positive.ToArray());
        Array.Sort(keys, marks);
        if (keys[0] < 0 || keys[^1] > 1)
            throw new EngineException("Probabilities must be from 0 to 1.");
        var made = new List<CalibrationBin>();
        double error = 0, largest = 0, squares = 0;
        for (var i = 0; i < keys.Length; i++)
            squares += (keys[i] - (marks[i] ? 1 : 0)) * (keys[i] - (marks[i] ? 1 : 0));
        for (int start = 0, bin = 0; start < keys.Length && bin < bins; bin++)
        {
            var end = equalCounts ? EndByCount(keys, start, bins - bin) : EndByValue(keys, start, (bin + 1.0) / bins, bin == bins - 1);
            if (end == start)
                continue;
            double sum = 0, hits = 0;
            for (var i = start; i < end; i++)
                (sum, hits) = (sum + keys[i], hits + (marks[i] ? 1 : 0));
            var count = end - start;
            var (low, high) = equalCounts ? (keys[start], keys[end - 1]) : (bin / (double)bins, (bin + 1.0) / bins);
            made.Add(new CalibrationBin(low, high, count, sum / count, hits / count));
            var difference = Math.Abs(sum - hits) / count;
            (error, largest) = (error + difference * count, Math.Max(largest, difference));
            start = end;
        }
        return new Calibration(made, error / keys.Length, largest, squares / keys.Length);
    }

    private static int EndByValue(double[] sorted, int start, double upper, bool last)
    {
        var end = start;
        while (end < sorted.Length && (last || sorted[end] < upper))
            end++;
        return end;
    }

    private static int EndByCount(double[] sorted, int start, int binsLeft)
    {
        var end = start + (sorted.Length - start + binsLeft - 1) / binsLeft;
        while (end < sorted.Length && sorted[end] == sorted[end - 1])
            end++;
        return end;
    }
}

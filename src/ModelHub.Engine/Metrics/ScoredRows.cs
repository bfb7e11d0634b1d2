namespace ModelHub.Engine.Metrics;

/// <summary>Rows with a score and whether they are positive, in the order of their scores.</summary>
internal static class ScoredRows
{
    /// <summary>Per distinct score, from the highest: the positives and negatives at or above it.</summary>
    public static List<(double Score, int Positives, int Negatives)> ByFallingScore(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        Check(scores, positive);
        var keys = scores.ToArray();
        var marks = positive.ToArray();
        Array.Sort(keys, marks);
        var steps = new List<(double, int, int)>();
        int positives = 0, negatives = 0;
        for (var i = keys.Length - 1; i >= 0;)
        {
            var score = keys[i];
            for (; i >= 0 && keys[i] == score; i--)
                (positives, negatives) = marks[i] ? (positives + 1, negatives) : (positives, negatives + 1);
            steps.Add((score, positives, negatives));
        }
        return steps;
    }

    public static void Check(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        if (scores.Length == 0)
            throw new EngineException("There is no row to measure.");
        if (scores.Length != positive.Length)
            throw new EngineException($"There are {scores.Length} scores for {positive.Length} labels.");
        for (var i = 0; i < scores.Length; i++)
        {
            if (double.IsNaN(scores[i]))
                throw new EngineException($"The score of row {i + 1} is not a number.");
        }
    }
}

namespace ModelHub.Engine.Ensembles;

/// <summary>Greedy selection with replacement (Caruana 2004): each round adds the member that lowers the loss of the mean most.</summary>
public static class GreedySelection
{
    /// <param name="members">Raw scores of each member, all of one length.</param>
    /// <param name="loss">Of raw scores; smaller is better.</param>
    /// <param name="fits">Whether a member may be added to those chosen so often.</param>
    /// <param name="late">Whether no further round is to begin.</param>
    /// <returns>Weights that sum to 1; the best prefix of all rounds.</returns>
    public static double[] Weigh(IReadOnlyList<double[]> members, Func<double[], double> loss, int rounds, Func<int[], int, bool>? fits = null, Func<bool>? late = null)
    {
        var length = members[0].Length;
        var sum = new double[length];
        var trial = new double[length];
        var counts = new int[members.Count];
        var bestCounts = counts;
        var bestLoss = double.PositiveInfinity;
        for (var round = 1; round <= rounds && (round == 1 || late?.Invoke() != true); round++)
        {
            var (chosen, chosenLoss) = (-1, double.PositiveInfinity);
            for (var m = 0; m < members.Count; m++)
            {
                if (fits?.Invoke(counts, m) == false)
                    continue;
                for (var i = 0; i < length; i++)
                    trial[i] = (sum[i] + members[m][i]) / round;
                var value = loss(trial);
                if (value < chosenLoss)
                    (chosen, chosenLoss) = (m, value);
            }
            if (chosen < 0)
                break;
            for (var i = 0; i < length; i++)
                sum[i] += members[chosen][i];
            counts[chosen]++;
            if (chosenLoss < bestLoss)
                (bestLoss, bestCounts) = (chosenLoss, (int[])counts.Clone());
        }
        double all = Math.Max(1, bestCounts.Sum());
        return [.. bestCounts.Select(c => c / all)];
    }
}

namespace ModelHub.Engine.Explanation;

/// <summary>A value that a feature may take, and how far it is from the row's own.</summary>
public readonly record struct Step(float Value, double Distance);

/// <summary>What a counterfactual search is asked.</summary>
/// <param name="Row">The row as it is.</param>
/// <param name="Features">The features that may change.</param>
/// <param name="Steps">Per allowed feature its other values, the nearest first.</param>
/// <param name="Gaps">How far each of some rows is from the wanted outcome; 0 or less when it is reached.</param>
/// <param name="IsWithin">Whether some score between two bounds would do; null when scores cannot be bounded.</param>
public sealed record CounterfactualQuestion(
    float[] Row, int[] Features, Step[][] Steps, Func<float[], int, double[]> Gaps, Func<double, double, bool>? IsWithin);

/// <param name="Changes">Feature and new value; null when nothing was found.</param>
/// <param name="IsSmallest">Proven: no change of fewer features, and none of as many that is nearer, gets there.</param>
/// <param name="IsImpossible">Proven: no change of one or two features gets there.</param>
public sealed record Counterfactual(IReadOnlyList<(int Feature, float Value)>? Changes, double Distance, bool IsSmallest, bool IsImpossible, long Tried);

/// <summary>
/// The smallest change of a row that reaches a wanted outcome (Wachter et al. 2018): fewest features first, then the least sum of distances.
/// One and two features are searched exhaustively over all values that a model of trees can tell apart, pruned by what is reachable; more
/// by greedy descent, which proves nothing.
/// </summary>
public sealed class CounterfactualSearch(CounterfactualQuestion question, ReachableScores? reach, long mostTried, CancellationToken cancellation)
{
    private const int BlockRows = 512;

    /// <summary>A walk through all trees, in rows scored.</summary>
    private const int BoundCost = 4;
    private readonly int _width = question.Row.Length;
    private readonly float[] _block = new float[BlockRows * question.Row.Length];
    private long _tried;

    /// <param name="mostChanges">Features that may change at once.</param>
    /// <param name="areStepsAll">Whether the steps are all values that the model tells apart.</param>
    public Counterfactual Run(int mostChanges, bool areStepsAll)
    {
        if (Gap(question.Row) <= 0)
            return new Counterfactual([], 0, true, false, _tried);
        var isWhole = areStepsAll;
        for (var count = 1; count <= Math.Min(2, mostChanges); count++)
        {
            var best = count == 1 ? Singles() : Pairs(ref isWhole);
            if (best.Changes is not null)
                return best with { IsSmallest = isWhole, Tried = _tried };
        }
        var found = mostChanges > 2 ? Descend(mostChanges) : null;
        return new Counterfactual(found?.Changes, found?.Distance ?? 0, false, isWhole && mostChanges >= 2, _tried);
    }

    private Counterfactual Singles()
    {
        var best = new Counterfactual(null, double.PositiveInfinity, false, false, 0);
        for (var f = 0; f < question.Features.Length; f++)
        {
            if (Nearest(question.Row, f, double.NegativeInfinity, best.Distance) is { } step)
                best = best with { Changes = [(question.Features[f], step.Value)], Distance = step.Distance };
        }
        return best;
    }

    private Counterfactual Pairs(ref bool isWhole)
    {
        var best = new Counterfactual(null, double.PositiveInfinity, false, false, 0);
        var row = (float[])question.Row.Clone();
        for (var f = 0; f < question.Features.Length; f++)
        {
            for (var g = f + 1; g < question.Features.Length; g++)
            {
                cancellation.ThrowIfCancellationRequested();
                var (first, second) = (question.Features[f], question.Features[g]);
                if (_tried > mostTried)
                {
                    isWhole = false;
                    return best;
                }
                if (question.Steps[f].Length == 0 || question.Steps[g].Length == 0 || !MayReach(question.Row, first, second))
                    continue;
                var nearest = question.Steps[g][0].Distance;
                foreach (var step in question.Steps[f])
                {
                    if (step.Distance + nearest >= best.Distance)
                        break;
                    if (_tried > mostTried)
                    {
                        isWhole = false;
                        return best;
                    }
                    row[first] = step.Value;
                    if (MayReach(row, second, second) && Nearest(row, g, step.Distance, best.Distance) is { } other)
                        best = best with { Changes = [(first, step.Value), (second, other.Value)], Distance = step.Distance + other.Distance };
                }
                row[first] = question.Row[first];
            }
        }
        return best;
    }

    /// <summary>The nearest step of one feature that gets a row there, nearer than the best so far.</summary>
    private Step? Nearest(float[] row, int f, double before, double best)
    {
        var steps = question.Steps[f];
        before = Math.Max(0, before);
        for (var from = 0; from < steps.Length; from += BlockRows)
        {
            var count = Math.Min(BlockRows, steps.Length - from);
            while (count > 0 && before + steps[from + count - 1].Distance >= best)
                count--;
            if (count == 0)
                return null;
            for (var i = 0; i < count; i++)
            {
                row.CopyTo(_block, i * _width);
                _block[i * _width + question.Features[f]] = steps[from + i].Value;
            }
            var gaps = GapsOf(count);
            var at = Array.FindIndex(gaps, 0, count, gap => gap <= 0);
            if (at >= 0)
                return steps[from + at];
        }
        return null;
    }

    /// <summary>Takes the step that comes nearest to the outcome again and again, then takes back what was not needed.</summary>
    private (List<(int Feature, float Value)> Changes, double Distance)? Descend(int mostChanges)
    {
        var row = (float[])question.Row.Clone();
        var taken = new List<(int F, Step Step)>();
        while (taken.Count < mostChanges)
        {
            var best = (Gap: double.PositiveInfinity, F: -1, Step: default(Step));
            for (var f = 0; f < question.Features.Length; f++)
            {
                if (taken.Exists(t => t.F == f))
                    continue;
                for (var from = 0; from < question.Steps[f].Length; from += BlockRows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var count = Math.Min(BlockRows, question.Steps[f].Length - from);
                    for (var i = 0; i < count; i++)
                    {
                        row.CopyTo(_block, i * _width);
                        _block[i * _width + question.Features[f]] = question.Steps[f][from + i].Value;
                    }
                    var gaps = GapsOf(count);
                    for (var i = 0; i < count; i++)
                    {
                        var gap = Math.Max(0, gaps[i]);
                        if (gap < best.Gap || gap == best.Gap && best.F >= 0 && question.Steps[f][from + i].Distance < best.Step.Distance)
                            best = (gap, f, question.Steps[f][from + i]);
                    }
                }
            }
            if (best.F < 0)
                return null;
            row[question.Features[best.F]] = best.Step.Value;
            taken.Add((best.F, best.Step));
            if (best.Gap <= 0)
                return TakeBack(row, taken);
        }
        return null;
    }

    private (List<(int Feature, float Value)> Changes, double Distance) TakeBack(float[] row, List<(int F, Step Step)> taken)
    {
        foreach (var change in taken.OrderByDescending(t => t.Step.Distance).ToList())
        {
            var feature = question.Features[change.F];
            row[feature] = question.Row[feature];
            if (Gap(row) <= 0)
            {
                taken.Remove(change);
                continue;
            }
            // Needed; but perhaps not all of it.
            var step = Nearest(row, change.F, 0, change.Step.Distance) ?? change.Step;
            taken[taken.IndexOf(change)] = (change.F, step);
            row[feature] = step.Value;
        }
        return ([.. taken.Select(t => (question.Features[t.F], t.Step.Value))], taken.Sum(t => t.Step.Distance));
    }

    private bool MayReach(float[] row, int first, int second)
    {
        if (reach is null || question.IsWithin is null)
            return true;
        _tried += BoundCost;
        var (least, largest) = reach.Bounds(row, first, second);
        // The order of additions differs from scoring's.
        var slack = 1e-9 * (1 + Math.Abs(least) + Math.Abs(largest));
        return question.IsWithin(least - slack, largest + slack);
    }

    private double Gap(float[] row)
    {
        row.CopyTo(_block, 0);
        return GapsOf(1)[0];
    }

    private double[] GapsOf(int count)
    {
        _tried += count;
        return question.Gaps(_block, count);
    }
}

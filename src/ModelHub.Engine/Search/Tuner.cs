using ModelHub.Engine.Numerics;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>
/// Chooses what to try after the portfolio: a pair of steps of the algorithm that is expected to get ahead at the least cost (Wang et al.
/// 2021, estimated cost for improvement). Costs are counted, not measured, so that the same results lead to the same choices everywhere.
/// </summary>
internal sealed class Tuner(ulong seed)
{
    private readonly Dictionary<string, Flow2> _flows = new(StringComparer.Ordinal);

    /// <summary>Starts from the best of each algorithm that can be tuned.</summary>
    public void Start(IEnumerable<(Configuration Configuration, TrialRun Run)> portfolio)
    {
        foreach (var family in portfolio.Where(p => p.Configuration.Space is not null && p.Run.IsDone)
                     .GroupBy(p => p.Configuration.Space!.Algorithm, StringComparer.Ordinal))
        {
            var (configuration, run) = family.MinBy(p => (p.Run.Loss, p.Run.Trial.Number));
            _flows[family.Key] = new Flow2(
                configuration.Space!, configuration.Point!, run.Loss, Cost(run), SeededRandom.Derive(seed, 0xF10 + (ulong)_flows.Count));
        }
    }

    /// <summary>Null when there is nothing to tune.</summary>
    /// <param name="isWorthIt">Whether there is time for trials of an algorithm.</param>
    public Flow2? Next(Func<string, bool> isWorthIt)
    {
        var open = _flows.Where(f => isWorthIt(f.Key)).Select(f => f.Value).ToList();
        if (open.Count == 0)
            return null;
        var best = open.Min(f => f.Best);
        return open.OrderBy(f => Expected(f, best)).ThenBy(f => f.Space.Algorithm, StringComparer.Ordinal).First();
    }

    /// <summary>What a trial has cost, in trees of boosting.</summary>
    public static double Cost(TrialRun run) => run.Folds.Sum(f => f?.Model switch
    {
        Forest { Link: Link.Probability } forest => 4.0 * forest.Trees.Count,
        Forest forest => forest.Trees.Count,
        NetworkModel => 300,
        null => 10,
        _ => 30,
    });

    /// <summary>Cost until it gets better; for one that is behind, until it overtakes the best at the speed it had.</summary>
    private static double Expected(Flow2 flow, double best)
    {
        var own = Math.Max(flow.CostSinceGain, flow.PairCost);
        if (flow.Best <= best)
            return own;
        // Before it gained anything it is given the benefit of a gain of one percent for a pair.
        var speed = flow.Gained > 0 ? flow.Gained / flow.Spent : 0.01 * Math.Abs(flow.Best) / flow.PairCost;
        return Math.Max(own, 2 * (flow.Best - best) / speed);
    }
}

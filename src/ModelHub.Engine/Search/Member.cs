using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;

namespace ModelHub.Engine.Search;

/// <summary>A trial that has ended well, as ensembles are made of it.</summary>
/// <param name="Parts">Models of which it is the mean: one per fold, or one alone.</param>
/// <param name="Scores">Raw scores of the validated rows, each by a model that had not seen it: rows × outputs.</param>
/// <param name="Loss">Mean smooth loss of the scores.</param>
/// <param name="Upon">What names all that its bytes depend on besides data and options.</param>
/// <param name="MicrosPerRow">Null where it was not measured.</param>
internal sealed record Member(
    int Number, string Name, IReadOnlyList<IModel> Parts, double[] Scores, double Loss, double Seconds, string Upon, double? MicrosPerRow = null)
{
    private const int Rounds = 25;
    private const int MostCells = 200_000;

    /// <summary>What one of its parts costs per row.</summary>
    public double PartCost { get; } = Parts.Average(ScoringCost.Of);

    public IModel Model => Of(Parts.Count, 0);

    /// <summary>The mean of so many of its parts, from one on.</summary>
    public IModel Of(int count, int from) => count == 1 ? Parts[from % Parts.Count]
        : Ensembles.Blend.Mean([.. Enumerable.Range(from, count).Select(i => Parts[i % Parts.Count])]);

    /// <summary>Members of a greedy blend with their weights, which sum to 1; of very many rows every so-manieth is looked at.</summary>
    /// <param name="fits">Whether these may be scored together.</param>
    /// <param name="late">Whether the time is over: then what was chosen so far is.</param>
    public static IReadOnlyList<(Member Member, double Weight)> Choose(
        IReadOnlyList<Member> members, SearchData data, Func<IEnumerable<Member>, bool> fits, Func<bool> late)
    {
        if (members.Count == 0)
            return [];
        var width = data.Set.OutputCount;
        var stride = Math.Max(1, data.Truth.Length * width / MostCells);
        int[] rows = [.. Enumerable.Range(0, (data.Truth.Length + stride - 1) / stride).Select(i => i * stride)];
        double[] truth = [.. rows.Select(r => data.Truth[r])];
        double[][] scores = [.. members.Select(m => rows.SelectMany(r => new ArraySegment<double>(m.Scores, r * width, width)).ToArray())];
        var weights = GreedySelection.Weigh(
            scores, s => data.MeanLoss(s, truth), Rounds, (counts, added) => fits(members.Where((_, m) => m == added || counts[m] > 0)), late);
        return [.. members.Zip(weights).Where(p => p.Second > 0)];
    }

    /// <summary>The weighted sum of their scores.</summary>
    public static double[] Blend(IReadOnlyList<(Member Member, double Weight)> chosen)
    {
        var scores = new double[chosen[0].Member.Scores.Length];
        foreach (var (member, weight) in chosen)
        {
            for (var i = 0; i < scores.Length; i++)
                scores[i] += weight * member.Scores[i];
        }
        return scores;
    }
}

using System.Security.Cryptography;
using System.Text;

namespace ModelHub.Engine.Search;

/// <summary>
/// Models that learn from the columns and from what the blend's members said of rows which they had not seen (Wolpert 1992), on the same folds.
/// Only where there are such scores of all rows, and rows enough that what is learned from them is more than their noise.
/// </summary>
internal sealed class SecondLevel(SearchData data, AutoMlOptions options, SearchClock clock, ISearchJournal? journal, CancellationToken cancellation)
{
    /// <summary>Where the numbers of its trials begin.</summary>
    private const int FirstNumber = 9000;
    private const int MostColumns = 40;
    private const int LeastRows = 2000;
    private const int LeastRowsForAccuracy = 500;

    /// <summary>Share of the time that is kept for it.</summary>
    private const double BudgetShare = 0.15;

    public bool IsWanted => data.IsScoredThroughout && IsFor(options.Mode, data.Held.Length, data.Set.OutputCount);

    public TimeSpan Time => IsWanted && clock.Budget is { } budget ? BudgetShare * budget : TimeSpan.Zero;

    /// <param name="rows">That have scores of models which had not seen them.</param>
    public static bool IsFor(SearchMode mode, long rows, int outputs) =>
        mode != SearchMode.HighSpeed && MostMembers(outputs) > 1 && rows >= (mode == SearchMode.HighAccuracy ? LeastRowsForAccuracy : LeastRows);

    /// <summary>Whose scores are read.</summary>
    public static int MostMembers(int outputs) => MostColumns / outputs;

    /// <summary>The members whose scores are read: the weightiest.</summary>
    public IReadOnlyList<Member> Read(IReadOnlyList<(Member Member, double Weight)> blend) =>
        [.. blend.OrderByDescending(b => b.Weight).ThenBy(b => b.Member.Number).Take(MostMembers(data.Set.OutputCount)).Select(b => b.Member).OrderBy(m => m.Number)];

    /// <param name="ended">Called for each trial.</param>
    public IReadOnlyList<Member> Train(IReadOnlyList<Member> read, Action<TrialRun> ended)
    {
        var wide = data.With([.. read.Select(m => (m.Name, m.Scores))]);
        var upon = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', read.Select(m => m.Upon)))), 0, 8);
        var portfolio = new Portfolio(data.Task, data.Folds[0].Train.Length, wide.Set.Features.FeatureCount, data.Set.OutputCount).OfSecondLevel(options.Mode);
        var runner = new TrialRunner(wide, options, clock, journal, cancellation) { Share = 0.8 };
        var runs = runner.Run(
            [.. portfolio.Select((c, i) => new Trial(FirstNumber + i, $"{Leaderboard.EnsembleName}_Stack_{c.Learner.Algorithm}", c.Learner, null, upon))], ended);
        var board = new Leaderboard(wide, options, clock);
        return [.. runs.Where(r => r.IsDone && r.Failure is null).Select(board.Join)];
    }
}

using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <summary>
/// Trains a portfolio with cross-validation, keeps out-of-fold scores, and blends the best. A budget in trials gives the same bytes every
/// time, whatever the number of threads and processes; a budget in seconds is kept.
/// </summary>
public sealed class AutoMlSearch
{
    private const int MostMembers = 12;
    private const double HopelessShare = 0.05;
    private readonly AutoMlOptions _options;
    private readonly SearchData _data;
    private readonly SearchClock _clock;
    private readonly TrialRunner _runner;
    private readonly Leaderboard _board;
    private readonly SearchProgress? _progress;
    private readonly CancellationToken _cancellation;
    private readonly SecondLevel _second;
    private readonly List<CandidateResult> _entries = [];
    private readonly List<Member> _members = [];
    private readonly Dictionary<string, int> _named = new(StringComparer.Ordinal);
    private int _planned;

    private AutoMlSearch(
        Table table, AutoMlOptions options, SearchProgress? progress, ISearchJournal? journal, SearchClock clock, CancellationToken cancellation)
    {
        (_options, _progress, _cancellation, _clock) = (options, progress, cancellation, clock);
        _data = new SearchData(table, options);
        _runner = new TrialRunner(_data, options, clock, journal, cancellation);
        _board = new Leaderboard(_data, options, clock);
        _second = new SecondLevel(_data, options, clock, journal, cancellation);
    }

    /// <param name="journal">Null: nothing is kept, nothing is shared.</param>
    /// <exception cref="EngineException">The data cannot be learned from; the message names the column.</exception>
    /// <exception cref="OperationCanceledException">The search was cancelled; what it had was told to <paramref name="progress"/>.</exception>
    public static SearchResult Run(
        Table table, AutoMlOptions options, SearchProgress? progress, TimeProvider time, CancellationToken cancellation, ISearchJournal? journal = null)
    {
        using var clock = new SearchClock(time, options.Budget, journal?.Used ?? TimeSpan.Zero, cancellation);
        return new AutoMlSearch(table, options, progress, journal, clock, cancellation).Run();
    }

    /// <summary>Computes parts of a search that another process leads, until there are none left or the time is over.</summary>
    public static void Assist(Table table, AutoMlOptions options, TimeProvider time, ISearchJournal journal, CancellationToken cancellation)
    {
        using var clock = new SearchClock(time, options.Budget, journal.Used, cancellation);
        new AutoMlSearch(table, options, null, journal, clock, cancellation).Assist();
    }

    private SearchResult Run()
    {
        Try(run =>
        {
            var (entry, member) = _board.Entry(run);
            Add(entry, member);
        });
        _cancellation.ThrowIfCancellationRequested();
        if (!_entries.Exists(e => e.Model is not null))
        {
            throw new EngineException(_entries.Count == 0
                ? $"The time of {_clock.Budget?.TotalSeconds} s was over before a first model was trained." : "No model could be trained: " + _entries[0].Failure);
        }
        Ensemble();
        return new SearchResult(
            _data.Task, _data.Labels.Classes, _data.Dropped, _data.Metric, [.. _entries.OrderBy(r => r.Rank).ThenBy(r => r.Number)]);
    }

    private void Assist()
    {
        Try(run =>
        {
            if (run.Failure is null)
                Keep(_board.Join(run));
        });
        // What is fast enough for a limit is known to the leader only.
        if (_options.MaxMicrosPerRow is null && _second.IsWanted && Choose(RowTime.Most(_members, null)) is { Count: > 1 } blend)
            Climb(_second.Read(blend), _ => { });
    }

    /// <summary>The blend of the best, and a second level upon it.</summary>
    private void Ensemble()
    {
        var stamp = _clock.Stamp();
        var most = RowTime.Most(_members, _options.MaxMicrosPerRow);
        if (Choose(most) is not { Count: > 1 } blend)
            return;
        _cancellation.ThrowIfCancellationRequested();
        Add(_board.Blend(blend, most, stamp), null);
        if (!_second.IsWanted)
            return;
        stamp = _clock.Stamp();
        var read = _second.Read(blend);
        var second = Climb(read, run =>
        {
            if (run.Failure is not null)
                Add(_board.Entry(run).Entry with { Algorithm = Leaderboard.EnsembleName }, null);
        });
        _cancellation.ThrowIfCancellationRequested();
        // All that is read has to be scored, whether it counts by itself or not.
        var chosen = Member.Choose([.. read, .. second], _data, some => RowTime.Least(read.Union(some)) <= most, () => _clock.IsLate);
        if (chosen.Any(c => second.Contains(c.Member)))
            Add(_board.Stack(read, chosen, most, stamp), null);
        else if (second.Count > 0)
            Add(Leaderboard.Unused(second), null);
    }

    private IReadOnlyList<Member> Climb(IReadOnlyList<Member> read, Action<TrialRun> ended)
    {
        _clock.Reserve = TimeSpan.Zero;
        return _second.Train(read, ended);
    }

    private IReadOnlyList<(Member Member, double Weight)> Choose(double mostCost) =>
        Member.Choose(_members, _data, some => RowTime.Least(some) <= mostCost, () => _clock.IsLate);

    /// <summary>The portfolio, then pairs of tuned trials until the budget is used up.</summary>
    private void Try(Action<TrialRun> ended)
    {
        var most = _options.MaxModels ?? Portfolio.TrialsFor(_options.Mode, _options.MaxRuntime is not null);
        var learned = _data.Folds[0].Train.Length;
        Configuration[] portfolio = [.. new Portfolio(_data.Task, learned, _data.Set.Features.FeatureCount, _data.Set.OutputCount).Of(_options.Mode).Take(most)];
        _planned = _options.Mode == SearchMode.HighSpeed ? portfolio.Length : most;
        _runner.Share = _options.MaxModels is null ? 0.25 : Math.Max(0.25, 1.0 / portfolio.Length);
        var runs = _runner.Run([.. portfolio.Select(c => Named(c.Learner, null))], ended);
        var tuner = new Tuner(_options.Seed);
        tuner.Start(portfolio.Zip(runs));
        var firsts = runs.Where(r => r.Folds[0]?.Model is not null).Select(r => r.Folds[0]!.Loss).ToList();
        while (_options.Mode != SearchMode.HighSpeed && _named.Values.Sum() < most && !_clock.Over.IsCancellationRequested
            && tuner.Next(_runner.HasTimeFor) is { } flow)
        {
            var best = firsts.Min();
            var hopeless = _data.Folds.Length > 1 ? best + HopelessShare * Math.Max(_data.NullLoss - best, 0) : (double?)null;
            var (there, back) = flow.Propose();
            Configuration[] pair = [.. new[] { flow.Space.At(there), flow.Space.At(back) }.Take(most - _named.Values.Sum())];
            var tried = _runner.Run([.. pair.Select(c => Named(c.Learner, hopeless))], ended);
            if (tried.All(r => r.Until is null))
                break;
            firsts.AddRange(tried.Where(r => r.Folds[0]?.Model is not null).Select(r => r.Folds[0]!.Loss));
            flow.Tell([.. pair.Zip(tried).Select(p => (p.First.Point!, p.Second.Loss))], tried.Sum(Tuner.Cost));
        }
    }

    private Trial Named(ILearner learner, double? hopeless)
    {
        var number = _named[learner.Algorithm] = _named.GetValueOrDefault(learner.Algorithm) + 1;
        return new Trial(_named.Values.Sum(), $"{learner.Algorithm}_{number}", learner, hopeless);
    }

    /// <summary>Ensembles are made of the best by loss.</summary>
    private void Keep(Member member)
    {
        lock (_entries)
        {
            if (member.MicrosPerRow > _options.MaxMicrosPerRow)
                return;
            _members.Add(member);
            _members.Sort((a, b) => (a.Loss, a.Number).CompareTo((b.Loss, b.Number)));
            if (_members.Count > MostMembers)
                _members.RemoveAt(MostMembers);
            if (_members.Count > 1)
                _clock.Reserve = _second.Time;
        }
    }

    /// <summary>Models that no ensemble will be made of need not stay in memory.</summary>
    private void LetGo()
    {
        for (var i = 0; i < _entries.Count; i++)
        {
            if (_entries[i] is { Model: not null, Algorithm: not Leaderboard.EnsembleName } && _members.All(m => m.Number != _entries[i].Number))
                _entries[i] = _entries[i] with { Model = null, Outputs = [], Truth = [] };
        }
    }

    private void Add(CandidateResult entry, Member? member)
    {
        lock (_entries)
        {
            _entries.Add(entry);
            if (member is not null)
                Keep(member);
            var share = _entries.Count / (_planned + 1.0);
            if (_options.MaxModels is null && _clock.Budget is { } budget)
                share = _clock.Elapsed / budget;
            _progress?.Invoke(Math.Clamp(share, 0, 1), $"{_entries.Count} models", entry);
            if (_options.KeepsBestOnly)
                LetGo();
        }
    }
}

using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <summary>
/// Trains a portfolio with cross-validation, keeps out-of-fold scores, and blends the best. A budget in trials gives the same bytes every
/// time, whatever the number of threads and processes; a budget in seconds is kept.
/// </summary>
public sealed class AutoMlSearch
{
    private readonly AutoMlOptions _options;
    private readonly SearchData _data;
    private readonly SearchClock _clock;
    private readonly TrialRunner _runner;
    private readonly Leaderboard _board;
    private readonly SearchProgress? _progress;
    private readonly CancellationToken _cancellation;
    private readonly List<CandidateResult> _entries = [];
    private int _planned;

    private AutoMlSearch(
        Table table, AutoMlOptions options, SearchProgress? progress, ISearchJournal? journal, SearchClock clock, CancellationToken cancellation)
    {
        (_options, _progress, _cancellation, _clock) = (options, progress, cancellation, clock);
        _data = new SearchData(table, options);
        _runner = new TrialRunner(_data, options, clock, journal, cancellation);
        _board = new Leaderboard(_data, clock);
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
        new AutoMlSearch(table, options, null, journal, clock, cancellation).Try(_ => { });
    }

    private SearchResult Run()
    {
        Try(run => Add(_board.Entry(run)));
        _cancellation.ThrowIfCancellationRequested();
        if (!_entries.Exists(e => e.Model is not null))
        {
            throw new EngineException(_entries.Count == 0
                ? $"The time of {_clock.Budget?.TotalSeconds} s was over before a first model was trained." : "No model could be trained: " + _entries[0].Failure);
        }
        if (_board.Ensemble(_entries, _cancellation) is { } ensemble)
            Add(ensemble);
        return new SearchResult(
            _data.Task, _data.Labels.Classes, _data.Dropped, _data.Metric, [.. _entries.OrderBy(r => r.Rank).ThenBy(r => r.Number)]);
    }

    private void Try(Action<TrialRun> ended)
    {
        var number = 0;
        var named = new Dictionary<string, int>(StringComparer.Ordinal);
        Trial[] portfolio = [.. Portfolio.For(_options.Mode, _data.Task, _data.Set.Count).Take(_options.MaxModels ?? int.MaxValue)
            .Select(learner => new Trial(++number, $"{learner.Algorithm}_{named[learner.Algorithm] = named.GetValueOrDefault(learner.Algorithm) + 1}", learner))];
        _planned = portfolio.Length;
        _runner.Share = _options.MaxModels is null ? 0.25 : Math.Max(0.25, 1.0 / portfolio.Length);
        _runner.Run(portfolio, ended);
    }

    private void Add(CandidateResult entry)
    {
        lock (_entries)
        {
            _entries.Add(entry);
            var share = _entries.Count / (_planned + 1.0);
            if (_options.MaxModels is null && _clock.Budget is { } budget)
                share = _clock.Elapsed / budget;
            _progress?.Invoke(Math.Clamp(share, 0, 1), $"{_entries.Count} models", entry);
        }
    }
}

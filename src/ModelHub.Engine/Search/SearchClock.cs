namespace ModelHub.Engine.Search;

/// <summary>
/// The time of a search. Trials are asked to stop softly at their own ends, and are cut off hard when the budget less what the rest needs
/// (blending, reports) is used up; a search that has no model yet may use all of it.
/// </summary>
internal sealed class SearchClock : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly long _start;
    private readonly TimeSpan _used;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _over;
    private readonly Lock _gate = new();
    private TimeSpan _rest;

    /// <param name="budget">Null for no limit.</param>
    /// <param name="used">Of it by earlier runs of the same search.</param>
    public SearchClock(TimeProvider clock, TimeSpan? budget, TimeSpan used, CancellationToken cancellation)
    {
        (_clock, _start, _used, Budget) = (clock, clock.GetTimestamp(), used, budget);
        _timer = new CancellationTokenSource(budget is { } b ? Positive(b - used) : Timeout.InfiniteTimeSpan, clock);
        _over = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, cancellation);
    }

    public TimeSpan? Budget { get; }

    /// <summary>Fires when trials have to end at once.</summary>
    public CancellationToken Over => _over.Token;

    public TimeSpan Elapsed => _used + _clock.GetElapsedTime(_start);

    /// <summary>What trials may still use; infinite without a budget.</summary>
    public TimeSpan Left => Budget is { } budget ? budget - _rest - Reserve - Elapsed : TimeSpan.MaxValue / 4;

    /// <summary>Whether half of what was kept for the time after the trials is used up; never without a budget.</summary>
    public bool IsLate => Budget is { } budget && Elapsed > budget - 0.5 * _rest;

    /// <summary>What trials leave to a second level; they are not cut off for it.</summary>
    public TimeSpan Reserve { get; set; }

    /// <summary>Keeps at least so much of the budget for what follows the trials.</summary>
    public void Keep(TimeSpan rest)
    {
        lock (_gate)
        {
            if (Budget is not { } budget)
                return;
            // One that was slow, as the first ones are, is slowly forgotten.
            rest = rest > 0.7 * _rest ? rest : 0.7 * _rest;
            _rest = rest < budget / 4 ? rest : budget / 4;
            _timer.CancelAfter(Positive(budget - _rest - Elapsed));
        }
    }

    public long Stamp() => _clock.GetTimestamp();

    public TimeSpan Since(long stamp) => _clock.GetElapsedTime(stamp);

    public void Dispose()
    {
        _over.Dispose();
        _timer.Dispose();
    }

    private static TimeSpan Positive(TimeSpan time) =>
        time < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : time < TimeSpan.FromDays(40) ? time : TimeSpan.FromDays(40);
}

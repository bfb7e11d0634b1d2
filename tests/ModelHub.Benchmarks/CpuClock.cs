namespace ModelHub.Benchmarks;

/// <summary>
/// Time as this process has had of its processors: what a budget would be on a quiet machine, on one that is shared. For trying things out,
/// not for figures.
/// </summary>
internal sealed class CpuClock(int threads) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Environment.CpuUsage.TotalTime.Ticks / threads;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Alarm(this, callback, state, dueTime);

    private sealed class Alarm : ITimer
    {
        private readonly CpuClock _clock;
        private readonly Timer _look;
        private long _due;

        public Alarm(CpuClock clock, TimerCallback callback, object? state, TimeSpan dueTime)
        {
            _clock = clock;
            Change(dueTime, Timeout.InfiniteTimeSpan);
            _look = new Timer(_ =>
            {
                if (_clock.GetTimestamp() < Volatile.Read(ref _due))
                    return;
                Volatile.Write(ref _due, long.MaxValue);
                callback(state);
            }, null, 20, 20);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Volatile.Write(ref _due, dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : _clock.GetTimestamp() + dueTime.Ticks);
            return true;
        }

        public void Dispose() => _look.Dispose();

        public ValueTask DisposeAsync() => _look.DisposeAsync();
    }
}

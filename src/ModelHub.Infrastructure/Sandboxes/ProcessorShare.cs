namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>
/// Holds a process and its descendants to a number of processors, over about half a second: who took more is stopped until that is paid back.
/// It needs no right that the hub's user may lack, unlike control groups.
/// </summary>
internal sealed class ProcessorShare(int processors, TimeProvider clock)
{
    /// <summary>What may be taken ahead of time, so that nobody is stopped who does not go on.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(500);
    private long _seen = clock.GetTimestamp();
    private TimeSpan _taken;
    private TimeSpan _credit = Burst * processors;
    private bool _isStopped;

    /// <summary>Stops or wakes what runs, by what it has taken so far.</summary>
    public void Settle(ProcessTree tree)
    {
        var now = clock.GetTimestamp();
        // What ended without being waited for takes its times along: then the sum is less than it was.
        var taken = tree.Processor > _taken ? tree.Processor - _taken : TimeSpan.Zero;
        _credit += clock.GetElapsedTime(_seen, now) * processors - taken;
        if (_credit > Burst * processors)
            _credit = Burst * processors;
        (_seen, _taken) = (now, tree.Processor);
        if (_credit < TimeSpan.Zero || _isStopped)
        {
            _isStopped = _credit < TimeSpan.Zero;
            foreach (var id in tree.Processes)
                ProcessSignal.Send(id, _isStopped ? ProcessSignal.Stop : ProcessSignal.Continue);
        }
    }
}

using System.Diagnostics;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.Sandboxes;

public sealed class ProcessorShareTests
{
    [Fact]
    public void Who_took_more_than_its_share_stands_still_until_that_is_paid_back()
    {
        using var process = Process.Start("sleep", "60")!;
        try
        {
            var clock = new Clock();
            var share = new ProcessorShare(2, clock);
            // Seconds of the clock, of the processor, and whether it is stopped then: two processors, and one second (half a second of each) ahead.
            foreach (var (now, taken, stops) in ((double, double, bool)[])
                [(1, 2, false), (2, 4.9, false), (3, 7.5, true), (3.2, 7.5, true), (3.4, 7.5, false), (3.5, 8.1, true), (10, 8.1, false), (10.1, 9.2, false), (10.2, 9.7, true)])
            {
                clock.Now = TimeSpan.FromSeconds(now);
                share.Settle(new ProcessTree([process.Id], 1, 0, TimeSpan.FromSeconds(taken)));
                // The kernel takes a moment to do what the signal says.
                Assert.True(SpinWait.SpinUntil(() => IsStopped(process.Id) == stops, TimeSpan.FromSeconds(10)), $"at {now} s with {taken} s taken");
            }
        }
        finally
        {
            process.Kill();
        }
    }

    private static bool IsStopped(int id) => ProcessTree.FieldsOf(id)[0] == "T";

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}

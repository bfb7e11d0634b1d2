using System.Collections.Concurrent;
using Serilog.Core;
using Serilog.Events;

namespace ModelHub.Api.Hosting;

/// <summary>
/// Bounds what a flood of failures writes: so many events a second of each message, which is its template. How many were left out is told by
/// the next one that is written.
/// </summary>
internal sealed class LogFlood(TimeProvider clock) : ILogEventFilter
{
    public const int MostPerSecond = 20;

    /// <summary>The event's property that tells how many of its kind were left out before it.</summary>
    public const string LeftOut = "LeftOut";

    /// <summary>Templates are constants, so there are few; what makes up ever new ones shares one count.</summary>
    private const int MostKinds = 1_000;

    private readonly ConcurrentDictionary<string, Kind> _kinds = new(StringComparer.Ordinal);
    private readonly Kind _others = new();

    public bool IsEnabled(LogEvent logEvent)
    {
        if (!_kinds.TryGetValue(logEvent.MessageTemplate.Text, out var kind))
            kind = _kinds.Count < MostKinds ? _kinds.GetOrAdd(logEvent.MessageTemplate.Text, static _ => new Kind()) : _others;
        var second = clock.GetTimestamp() / clock.TimestampFrequency;
        int leftOut;
        lock (kind)
        {
            if (kind.Second != second)
                (kind.Second, kind.Written) = (second, 0);
            if (kind.Written == MostPerSecond)
            {
                kind.LeftOut++;
                return false;
            }
            kind.Written++;
            (leftOut, kind.LeftOut) = (kind.LeftOut, 0);
        }
        if (leftOut > 0)
            logEvent.AddOrUpdateProperty(new LogEventProperty(LeftOut, new ScalarValue($"({leftOut} more were left out)")));
        return true;
    }

    private sealed class Kind
    {
        public long Second { get; set; }

        public int Written { get; set; }

        public int LeftOut { get; set; }
    }
}

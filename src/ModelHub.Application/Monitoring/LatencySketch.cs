namespace ModelHub.Application.Monitoring;

/// <summary>
/// Durations in buckets whose bounds grow by a fixed factor, so that every quantile is right to ±5 % and two sketches add up bucket by
/// bucket (DDSketch: Masson, Rim and Lee 2019). From 10 µs to some five minutes; what is beyond is in the last bucket.
/// </summary>
public static class LatencySketch
{
    public const int Buckets = 180;
    private const double Smallest = 0.01;
    private static readonly double LogFactor = Math.Log(1.1);

    public static int BucketOf(double milliseconds) =>
        milliseconds <= Smallest ? 0 : Math.Min(Buckets - 1, 1 + (int)(Math.Log(milliseconds / Smallest) / LogFactor));

    /// <summary>A quantile in milliseconds; null without requests.</summary>
    public static double? Quantile(long[] counts, double quantile)
    {
        var total = counts.Sum();
        if (total == 0)
            return null;
        var rank = (long)Math.Ceiling(quantile * total);
        long seen = 0;
        for (var b = 0; b < counts.Length; b++)
        {
            seen += counts[b];
            if (seen >= Math.Max(1, rank))
                return b == 0 ? Smallest : Smallest * Math.Exp((b - 0.5) * LogFactor);
        }
        return null;
    }
}

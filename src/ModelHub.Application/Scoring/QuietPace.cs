namespace ModelHub.Application.Scoring;

/// <summary>
/// How bytes are read that are most likely of no use (what follows a refusal, rows of megabytes): a piece at a time, with a pause behind it. That is at most
/// 37 MB/s for less than a tenth of a processor, in steps so short that neighbours hardly notice (docs/benchmarks/serving.md).
/// </summary>
public static class QuietPace
{
    /// <summary>Bytes.</summary>
    public const int Piece = 256 << 10;

    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(7);
}

namespace ModelHub.Application.Archives;

/// <summary>How much an archive may unpack to.</summary>
public sealed record ArchiveLimits
{
    public int MostEntries { get; init; } = 10_000;

    /// <summary>Bytes of all files together, unpacked.</summary>
    public long MostBytes { get; init; } = 4L << 30;

    /// <summary>Unpacked bytes per packed byte, looked at from the first unpacked megabyte on.</summary>
    public int MostRatio { get; init; } = 200;

    /// <summary>The field that a refusal names.</summary>
    public string Field { get; init; } = "file";
}

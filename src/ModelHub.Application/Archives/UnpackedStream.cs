using ModelHub.Application.Errors;

namespace ModelHub.Application.Archives;

/// <summary>What comes out of a decompressor, counted as it comes: archives that lie about their sizes are found out while they are read.</summary>
internal sealed class UnpackedStream(Stream inner, ArchiveLimits limits, Func<long> packed, long before, string what) : OneWayStream
{
    private const long FreeOfRatio = 1 << 20;

    public long Count { get; private set; }

    public override long Position
    {
        get => Count;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Counted(inner.Read(buffer, offset, count));

    public override int Read(Span<byte> buffer) => Counted(inner.Read(buffer));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Counted(await inner.ReadAsync(buffer, cancellationToken));

    private int Counted(int read)
    {
        Count += read;
        if (before + Count > limits.MostBytes)
            throw ModelHubException.Invalid(limits.Field, $"The archive unpacks to more than {limits.MostBytes} bytes.");
        if (Count > FreeOfRatio && Count / limits.MostRatio > Math.Max(1, packed()))
            throw ModelHubException.Invalid(limits.Field, $"{what} unpacks to more than {limits.MostRatio} times its size; it is refused as a bomb.");
        return read;
    }
}

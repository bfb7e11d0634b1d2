using System.IO.Compression;
using System.IO.Pipelines;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Scoring;

/// <summary>A gzip body unpacked as it comes: damaged, cut short or growing without measure is refused.</summary>
public static class GzipBody
{
    private const long FreeBytes = 16 << 20;
    private const int MaxRatio = 200;

    public static PipeReader Open(Stream packed, long mostBytes) =>
        PipeReader.Create(new Unpacked(new Counted(packed), mostBytes), new StreamPipeReaderOptions(bufferSize: 64 << 10));

    private static ModelHubException Refused(string message) => new(ErrorKind.Invalid, "bad_gzip", message);

    private sealed class Unpacked(Counted packed, long most) : OneWayStream
    {
        private readonly GZipStream _gzip = new(packed, CompressionMode.Decompress, leaveOpen: true);
        private long _total;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read;
            try
            {
                read = await _gzip.ReadAsync(buffer, cancellationToken);
            }
            catch (InvalidDataException)
            {
                throw Refused("The gzip data is damaged.");
            }
            _total += read;
            // A few bytes may be megabytes to unpack, without a wait in between: whoever waits for the processor goes first, not after the scheduler's slice.
            Thread.Yield();
            if (_total > most)
                throw new ModelHubException(ErrorKind.TooLarge, "body_too_large", $"The unpacked body is larger than {most} bytes.");
            if (_total > FreeBytes && _total / MaxRatio > packed.Count)
                throw new ModelHubException(ErrorKind.TooLarge, "body_too_large", $"The gzip body grows to more than {MaxRatio} times its size.");
            // The unpacker takes the end of its input for the end of the data. The length that closes the file tells them apart.
            if (read == 0 && buffer.Length > 0 && (packed.Count < 18 || (_total < uint.MaxValue && packed.LastFour > _total)))
                throw Refused("The gzip data ends too early.");
            return read;
        }

        protected override void Dispose(bool disposing) => _gzip.Dispose();
    }

    /// <summary>Counts what goes through, and remembers the last four bytes.</summary>
    private sealed class Counted(Stream inner) : OneWayStream
    {
        public long Count { get; private set; }

        public uint LastFour { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            Count += read;
            foreach (var b in buffer.Span[Math.Max(0, read - 4)..read])
                LastFour = (LastFour >> 8) | ((uint)b << 24);
            return read;
        }
    }
}

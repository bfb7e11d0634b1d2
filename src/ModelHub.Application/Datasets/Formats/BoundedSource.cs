using System.IO.Compression;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>The plain bytes of a file: unpacked, counted against the limits, cancellable between blocks.</summary>
internal sealed class BoundedSource(Stream packed, ReadOptions options, CancellationToken cancellation) : IDisposable
{
    private const long FreeBytes = 16 << 20;
    private readonly CountedStream _input = new(packed);
    private GZipStream? _gzip;
    private byte[]? _head;
    private int _headAt;
    private long _total;

    /// <summary>Fills as much of the buffer as there is; less than asked for only at the end.</summary>
    public int Fill(Span<byte> buffer)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            var read = Read(buffer[filled..]);
            if (read == 0)
                break;
            filled += read;
            _total += read;
            if (_total > options.Limits.MaxBytes)
                throw new DatasetFormatException($"The data is larger than {options.Limits.MaxBytes} bytes.");
            if (_gzip is not null && _total > FreeBytes && _total / options.Limits.MaxRatio > _input.Count)
                throw new DatasetFormatException($"The gzip file grows to more than {options.Limits.MaxRatio} times its size.");
        }
        return filled;
    }

    public void Dispose() => _gzip?.Dispose();

    private int Read(Span<byte> buffer)
    {
        if (_head is null)
            Open();
        if (_gzip is not null)
        {
            try
            {
                var unpacked = _gzip.Read(buffer);
                // The unpacker takes the end of its input for the end of the data. The length that closes the file tells them apart; of
                // a file of several members it is that of the last one.
                if (unpacked == 0 && (_input.Count < 18 || (_total < uint.MaxValue && _input.LastFour > _total)))
                    throw new InvalidDataException();
                return unpacked;
            }
            catch (InvalidDataException)
            {
                throw new DatasetFormatException("The gzip data is damaged or ends too early.");
            }
        }
        if (_headAt == _head!.Length)
            return _input.Read(buffer);
        var count = Math.Min(buffer.Length, _head.Length - _headAt);
        _head.AsSpan(_headAt, count).CopyTo(buffer);
        _headAt += count;
        return count;
    }

    private void Open()
    {
        var head = new byte[2];
        var count = _input.ReadAtLeast(head, 2, throwOnEndOfStream: false);
        var isGzip = count == 2 && head[0] == 0x1f && head[1] == 0x8b;
        if (options.Packing == PackedAs.Gzip && !isGzip)
            throw new DatasetFormatException("The data is not gzip.");
        _head = head[..count];
        // Float rows may begin with any two bytes: they are gzip only when it is said.
        if (options.Packing == PackedAs.Plain || !isGzip || (options.Packing == PackedAs.Detect && options.Format == TableFormat.Binary))
            return;
        _input.Unread(head);
        _gzip = new GZipStream(_input, CompressionMode.Decompress, leaveOpen: true);
    }

    private sealed class CountedStream(Stream inner) : OneWayStream
    {
        private byte[] _again = [];
        private int _againAt;

        public long Count { get; private set; }

        /// <summary>The last four bytes that were read, as a little-endian number.</summary>
        public uint LastFour { get; private set; }

        public void Unread(byte[] bytes) => (_again, _againAt) = (bytes, 0);

        public override int Read(Span<byte> buffer)
        {
            if (_againAt < _again.Length)
            {
                var count = Math.Min(buffer.Length, _again.Length - _againAt);
                _again.AsSpan(_againAt, count).CopyTo(buffer);
                _againAt += count;
                return count;
            }
            var read = inner.Read(buffer);
            Count += read;
            foreach (var b in buffer[Math.Max(0, read - 4)..read])
                LastFour = (LastFour >> 8) | ((uint)b << 24);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}

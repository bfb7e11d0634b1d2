using System.Globalization;
using System.Text;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>
/// A connection with a model's own server: HTTP/1.1 (RFC 9112), as little of it as such servers speak. Many of them are of HTTP/1.0 or close
/// without a word, which an HttpClient's pool takes for connections to go on with. Not for several threads.
/// </summary>
internal sealed class ServerConnection(Stream stream) : IDisposable
{
    private const int MostHead = 64 << 10;
    private byte[] _buffer = new byte[4 << 10];
    private int _start;
    private int _end;

    /// <summary>Whether another request may follow the last one.</summary>
    public bool Stays { get; private set; }

    /// <summary>Whether anything of the last answer came.</summary>
    public bool HasAnswered { get; private set; }

    public void Dispose() => stream.Dispose();

    /// <exception cref="IOException">The connection was closed before the end.</exception>
    /// <exception cref="InvalidDataException">The answer is no HTTP, or longer than is read.</exception>
    public async Task<(int Status, byte[] Body)> AskAsync(string method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        (Stays, HasAnswered) = (false, false);
        var head = $"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            + (method == "GET" ? "\r\n" : $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n");
        // In one piece: whoever reads is woken once.
        var request = new byte[head.Length + body.Length];
        body.CopyTo(request.AsMemory(Encoding.ASCII.GetBytes(head, request)));
        await stream.WriteAsync(request, cancellation);
        var answer = await HeadAsync(cancellation);
        while (answer.Status is >= 100 and < 200)
            answer = await HeadAsync(cancellation);
        var content = await BodyAsync(answer, cancellation);
        Stays = answer.Stays;
        return (answer.Status, content);
    }

    private async Task<Head> HeadAsync(CancellationToken cancellation)
    {
        int length;
        while ((length = HeadLength()) < 0)
        {
            if (_end - _start > MostHead)
                throw new InvalidDataException($"its headers are longer than {MostHead >> 10} KiB");
            if (!await FillAsync(cancellation))
                throw new EndOfStreamException("it closed the connection");
        }
        var head = Head.Parse(Encoding.Latin1.GetString(_buffer, _start, length));
        _start += length;
        return head;
    }

    /// <summary>Bytes up to the empty line and with it; -1 when it has not come.</summary>
    private int HeadLength()
    {
        var read = _buffer.AsSpan(_start, _end - _start);
        var end = read.IndexOf("\r\n\r\n"u8);
        var bare = read.IndexOf("\n\n"u8);
        return end >= 0 && (bare < 0 || end < bare) ? end + 4 : bare >= 0 ? bare + 2 : -1;
    }

    private async Task<byte[]> BodyAsync(Head answer, CancellationToken cancellation)
    {
        if (answer.Status is 204 or 304)
            return [];
        if (answer.IsChunked)
            return await ChunksAsync(cancellation);
        if (answer.Length is { } length)
            return await ExactlyAsync(length, cancellation);
        using var all = new MemoryStream();
        do
        {
            all.Write(_buffer, _start, _end - _start);
            _start = _end;
            Require(all.Length);
        }
        while (await FillAsync(cancellation));
        return all.ToArray();
    }

    private async Task<byte[]> ChunksAsync(CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        while (true)
        {
            var line = await LineAsync(cancellation);
            if (!int.TryParse(line.Split(';')[0].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size) || size < 0)
                throw new InvalidDataException($"'{line}' is no length of a chunk");
            Require(all.Length + size);
            if (size == 0)
                break;
            all.Write(await ExactlyAsync(size, cancellation));
            if ((await LineAsync(cancellation)).Length > 0)
                throw new InvalidDataException("a chunk is longer than it says");
        }
        while ((await LineAsync(cancellation)).Length > 0)
        {
            // Trailers say nothing that is of use here.
        }
        return all.ToArray();
    }

    private async Task<string> LineAsync(CancellationToken cancellation)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n')) < 0)
        {
            if (_end - _start > MostHead)
                throw new InvalidDataException("a line of it does not end");
            if (!await FillAsync(cancellation))
                throw new EndOfStreamException("it closed the connection within its answer");
        }
        var line = Encoding.Latin1.GetString(_buffer, _start, length).TrimEnd('\r');
        _start += length + 1;
        return line;
    }

    private async Task<byte[]> ExactlyAsync(long length, CancellationToken cancellation)
    {
        Require(length);
        var all = new byte[length];
        var taken = (int)Math.Min(length, _end - _start);
        _buffer.AsSpan(_start, taken).CopyTo(all);
        _start += taken;
        await stream.ReadExactlyAsync(all.AsMemory(taken), cancellation);
        return all;
    }

    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        if (_start == _end)
            _start = _end = 0;
        if (_end == _buffer.Length)
        {
            if (_start == 0)
                Array.Resize(ref _buffer, _buffer.Length * 2);
            else
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        HasAnswered |= read > 0;
        return read > 0;
    }

    private static void Require(long bytes)
    {
        if (bytes > ModelWorker.MostBytes)
            throw new InvalidDataException($"it is longer than {ModelWorker.MostBytes >> 20} MiB");
    }

    /// <summary>What has to be known of an answer before its body is read.</summary>
    private sealed record Head(int Status, long? Length, bool IsChunked, bool Stays)
    {
        public static Head Parse(string text)
        {
            var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var words = (lines.Length > 0 ? lines[0] : "").Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !words[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
                || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status))
                throw new InvalidDataException("it is no HTTP");
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var line in lines.Skip(1))
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0)
                    headers[line[..colon].TrimEnd()] = line[(colon + 1)..].TrimStart();
            }
            var length = headers.TryGetValue("Content-Length", out var told)
                ? long.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes
                    : throw new InvalidDataException($"'{told}' is no Content-Length") : (long?)null;
            var isChunked = headers.GetValueOrDefault("Transfer-Encoding", "").Equals("chunked", StringComparison.OrdinalIgnoreCase);
            var connection = headers.GetValueOrDefault("Connection", words[0] == "HTTP/1.0" ? "close" : "");
            var hasEnd = isChunked || length is not null || status is 204 or 304;
            return new Head(status, length, isChunked, hasEnd && !connection.Equals("close", StringComparison.OrdinalIgnoreCase));
        }
    }
}

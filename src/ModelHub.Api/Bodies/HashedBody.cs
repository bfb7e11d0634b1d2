using ModelHub.Application;

namespace ModelHub.Api.Bodies;

/// <summary>What is computed of a body's bytes, as they are on the wire.</summary>
internal interface IBodyHash : IDisposable
{
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The body is whole. Throws when it is not what was announced, and again whenever it is asked.</summary>
    void End();
}

/// <summary>
/// A request's body that is hashed while it is read: not kept, not read twice. A body that is not what was announced ends in an exception instead of an
/// end, so that whoever reads it fails before anything is committed.
/// </summary>
internal sealed class HashedBody : OneWayStream
{
    private readonly List<IBodyHash> _hashes = [];
    private readonly long? _length;
    private long _count;
    private bool _isWhole;

    private HashedBody(Stream wire, long? length) => (Wire, _length) = (wire, length);

    /// <summary>The body below.</summary>
    public Stream Wire { get; }

    /// <summary>Lets a hash see a request's body, of which nothing may have been read yet.</summary>
    public static HashedBody Add(HttpContext context, IBodyHash hash)
    {
        if (context.Request.Body is not HashedBody body)
            context.Request.Body = body = new HashedBody(context.Request.Body, context.Request.ContentLength);
        body._hashes.Add(hash);
        context.Response.RegisterForDispose(hash);
        return body;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await Wire.ReadAsync(buffer, cancellationToken);
        if (buffer.IsEmpty || _isWhole)
            return read;
        foreach (var hash in _hashes)
            hash.Append(buffer.Span[..read]);
        _count += read;
        // Where the length is known the last byte is the end: a reader that knows by the bytes themselves that it has all may never ask for more.
        if (read > 0 && _count != _length)
            return read;
        _hashes.ForEach(h => h.End());
        _isWhole = true;
        return read;
    }

    /// <summary>Reads what nobody else wanted.</summary>
    public async Task ReadRestAsync(CancellationToken cancellation)
    {
        if (!_isWhole)
            await CopyToAsync(Null, cancellation);
    }
}

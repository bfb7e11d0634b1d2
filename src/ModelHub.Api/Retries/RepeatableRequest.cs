using ModelHub.Api.Bodies;
using ModelHub.Api.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Retries;

namespace ModelHub.Api.Retries;

/// <summary>A request that came with an <c>Idempotency-Key</c>.</summary>
internal sealed class RepeatableRequest : IAsyncDisposable
{
    private readonly HttpContext _context;
    private readonly IdempotencyKeys _keys;
    private readonly string _key;
    private readonly CancellationToken _aborted;
    private readonly Fingerprint _fingerprint;
    private readonly HashedBody _body;
    private KeyClaim? _claim;

    public RepeatableRequest(HttpContext context, IdempotencyKeys keys, string key)
    {
        (_context, _keys, _key, _aborted) = (context, keys, key, context.RequestAborted);
        _fingerprint = new Fingerprint(context.Request);
        _body = HashedBody.Add(context, _fingerprint);
        // It is finished also when nobody listens any more: who lost the connection asks again and wants to hear how it ended.
        context.RequestAborted = CancellationToken.None;
    }

    /// <summary>Whether the answer is one that has to be kept.</summary>
    public bool IsKept => _claim is { Before: null } && _context.Response.StatusCode is >= 200 and < 300
        && !_context.Response.Headers.CacheControl.ToString().Contains("no-store", StringComparison.OrdinalIgnoreCase);

    /// <summary>Takes the key for a caller, or gives the answer that was given before.</summary>
    /// <returns>Whether it is answered.</returns>
    /// <exception cref="HttpRefusalException">The key was used for another request.</exception>
    public async Task<bool> AnswerAgainAsync(Caller caller)
    {
        _claim ??= await _keys.ClaimAsync(caller.UserId, _key, _aborted);
        if (_claim.Before is not { } before)
            return false;
        await _body.ReadRestAsync(_aborted);
        if (!before.Fingerprint.AsSpan().SequenceEqual(_fingerprint.Sum))
            throw new HttpRefusalException(422, "idempotency_key_reused", "This Idempotency-Key was used for another request.");
        var response = _context.Response;
        response.StatusCode = before.Status!.Value;
        response.ContentType = before.ContentType;
        if (before.Location is { } location)
            response.Headers.Location = location;
        response.Headers["Idempotent-Replayed"] = "true";
        await response.Body.WriteAsync(before.Body, _aborted);
        return true;
    }

    public async Task KeepAsync(byte[] answer)
    {
        var response = _context.Response;
        await _body.ReadRestAsync(CancellationToken.None);
        await _claim!.KeepAsync(_fingerprint.Sum, response.StatusCode, response.ContentType, response.Headers.Location, answer);
    }

    public ValueTask DisposeAsync()
    {
        _context.RequestAborted = _aborted;
        return _claim?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}

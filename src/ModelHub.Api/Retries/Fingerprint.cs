using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using ModelHub.Api.Bodies;

namespace ModelHub.Api.Retries;

/// <summary>
/// SHA-256 of what is asked: method, path, query and body. The boundary of a form is left out, because clients choose another one whenever they
/// send the same form again.
/// </summary>
internal sealed class Fingerprint : IBodyHash
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _boundary;
    private byte[] _window = [];
    private int _held;
    private byte[]? _sum;

    public Fingerprint(HttpRequest request)
    {
        _hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        _boundary = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            ? Encoding.UTF8.GetBytes(HeaderUtilities.RemoveQuotes(type.Boundary).Value ?? "") : [];
    }

    /// <summary>Known when the body has ended.</summary>
    public byte[] Sum => _sum ?? throw new InvalidOperationException("The body was not read to its end.");

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_boundary.Length == 0)
        {
            _hash.AppendData(bytes);
            return;
        }
        // What could be the beginning of a boundary is held back until what follows is there.
        if (_window.Length < _held + bytes.Length)
            Array.Resize(ref _window, _held + bytes.Length);
        bytes.CopyTo(_window.AsSpan(_held));
        var rest = _window.AsSpan(0, _held + bytes.Length);
        for (int at; (at = rest.IndexOf(_boundary)) >= 0; rest = rest[(at + _boundary.Length)..])
            _hash.AppendData(rest[..at]);
        _held = Math.Min(rest.Length, _boundary.Length - 1);
        _hash.AppendData(rest[..^_held]);
        rest[^_held..].CopyTo(_window);
    }

    public void End()
    {
        _hash.AppendData(_window, 0, _held);
        _held = 0;
        _sum = _hash.GetHashAndReset();
    }

    public void Dispose() => _hash.Dispose();
}

using System.Security.Cryptography;
using ModelHub.Api.Errors;

namespace ModelHub.Api.Bodies;

/// <summary>
/// Holds bodies to the digests that came with them: <c>Content-Digest</c> (RFC 9530), and before it <c>Digest</c> (RFC 3230) and <c>Content-MD5</c>.
/// A wrong one is a 400 in every dialect. One that was right is told back under <see cref="Echo"/> and its own name: the bare name would speak of the
/// answer's body, and clients that check answers would refuse it.
/// </summary>
internal sealed class BodyDigests(RequestDelegate next)
{
    /// <summary>What the names of headers that were checked begin with in the answer.</summary>
    public const string Echo = "X-Received-";
    private const string ContentDigest = "Content-Digest";
    private const string Digest = "Digest";
    private const string ContentMd5 = "Content-MD5";

    public static bool AreSent(IHeaderDictionary headers) =>
        headers.ContentMD5.Count > 0 || headers.ContainsKey(ContentDigest) || headers.ContainsKey(Digest);

    public Task InvokeAsync(HttpContext context) => AreSent(context.Request.Headers) ? CheckAsync(context) : next(context);

    private Task CheckAsync(HttpContext context)
    {
        foreach (var name in new[] { ContentDigest, Digest, ContentMd5 })
        {
            if (context.Request.Headers[name].ToString() is { Length: > 0 } value && Expected(name, value) is { Count: > 0 } expected)
                HashedBody.Add(context, new Announced(context.Response, name, value, expected));
        }
        return next(context);
    }

    /// <summary>The sums by the names of their algorithms. Those of algorithms that we do not know are passed over, as RFC 9530 wants it.</summary>
    private static Dictionary<string, byte[]> Expected(string header, string value)
    {
        var sums = new Dictionary<string, byte[]>(StringComparer.OrdinalIgnoreCase);
        var members = header == ContentMd5 ? ["md5=" + value] : value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var member in members)
        {
            var (name, sum) = member.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (member[..at], member[(at + 1)..]) : throw Malformed(header);
            if (BytesOf(name, header) is not { } bytes)
                continue;
            if (header == ContentDigest) // a byte sequence of RFC 8941 stands between colons, parameters behind it
                sum = sum.Split(';')[0].TrimEnd() is [':', .. var between, ':'] ? between : throw Malformed(header);
            var read = new byte[bytes];
            if (!Convert.TryFromBase64String(sum, read, out var length) || length != bytes)
                throw Malformed(header);
            sums[name] = read;
        }
        return sums;
    }

    /// <summary>How long an algorithm's sums are; null when it is not known.</summary>
    private static int? BytesOf(string algorithm, string header) => (algorithm.ToUpperInvariant(), header) switch
    {
        ("SHA-256", _) => SHA256.HashSizeInBytes,
        ("SHA-512", _) => SHA512.HashSizeInBytes,
        ("MD5", ContentMd5) => MD5.HashSizeInBytes,
        _ => null,
    };

    private static HttpRefusalException Malformed(string header) =>
        new(400, "malformed_digest", $"'{header}' does not have the form of a digest, such as {header switch
        {
            ContentDigest => "sha-256=:base64:",
            Digest => "sha-256=base64",
            _ => "base64",
        }}.");

    /// <summary>One header's sums.</summary>
    private sealed class Announced(HttpResponse response, string header, string value, Dictionary<string, byte[]> expected) : IBodyHash
    {
        private readonly Dictionary<string, IncrementalHash> _hashes = expected.Keys.ToDictionary(
            name => name, name => IncrementalHash.CreateHash(new HashAlgorithmName(name.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant())));

        private string? _wrong;
        private bool _isChecked;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            foreach (var hash in _hashes.Values)
                hash.AppendData(bytes);
        }

        public void End()
        {
            if (!_isChecked)
                _wrong = expected.Keys.FirstOrDefault(name => !_hashes[name].GetHashAndReset().AsSpan().SequenceEqual(expected[name]));
            _isChecked = true;
            if (_wrong is not null)
                throw new HttpRefusalException(400, "bad_digest", $"The body did not arrive as it was sent: its {_wrong} is not what '{header}' says.");
            if (!response.HasStarted)
                response.Headers[Echo + header] = value;
        }

        public void Dispose()
        {
            foreach (var hash in _hashes.Values)
                hash.Dispose();
        }
    }
}

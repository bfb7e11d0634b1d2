using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace ModelHub.Application.Identity;

/// <summary>
/// Identifiers: UUIDs of version 8 that hold 96 bits, 48 of time (milliseconds) and 48 random. The 24 hexadecimal digits P of those
/// bits stand in the UUID as P[0:8]-P[8:12]-8P[12:15]-8P[15:18]-000000P[18:24], so that both forms are one number.
/// </summary>
public static class HubId
{
    public static Guid New(DateTimeOffset now)
    {
        Span<byte> bits = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bits, now.ToUnixTimeMilliseconds() << 16);
        RandomNumberGenerator.Fill(bits.Slice(6, 6));
        return FromHex(Convert.ToHexStringLower(bits[..12]));
    }

    /// <summary>An artifact's id where one has to be a UUID: the first 96 bits of its SHA-256.</summary>
    public static Guid OfArtifact(string sha256) => FromHex(sha256[..24]);

    /// <summary>The 24 digits of an id.</summary>
    public static string ToHex(Guid id)
    {
        var digits = id.ToString("N");
        return string.Concat(digits.AsSpan(0, 12), digits.AsSpan(13, 3), digits.AsSpan(17, 3), digits.AsSpan(26, 6));
    }

    /// <summary>Reads an id in either form: a UUID or 24 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Guid id)
    {
        id = default;
        if (text is null)
            return false;
        if (text.Length != 24)
            return Guid.TryParseExact(text, "D", out id);
        if (!text.All(char.IsAsciiHexDigit))
            return false;
        id = FromHex(text);
        return true;
    }

    private static Guid FromHex(string p) =>
        Guid.ParseExact($"{p[..8]}-{p[8..12]}-8{p[12..15]}-8{p[15..18]}-000000{p[18..24]}", "D");
}

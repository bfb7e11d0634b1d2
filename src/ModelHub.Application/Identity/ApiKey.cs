using System.Security.Cryptography;
using System.Text;

namespace ModelHub.Application.Identity;

/// <summary>A named key of a user. Only the SHA-256 of the secret is kept: 256 random bits need no slow hash.</summary>
public sealed class ApiKey
{
    /// <summary>Name of the key that is made at the first start.</summary>
    public const string First = "first key";

    private ApiKey()
    {
    }

    public ApiKey(Guid userId, string name, string secret, DateTimeOffset now)
    {
        Id = HubId.New(now);
        UserId = userId;
        Name = name;
        Hash = HashOf(secret);
        Hint = secret.Length > 12 ? secret[..7] : "";
        CreatedAt = now;
    }

    public Guid Id { get; private set; }

    public Guid UserId { get; private set; }

    public string Name { get; private set; } = "";

    public byte[] Hash { get; private set; } = [];

    /// <summary>The first characters, to tell keys apart in a list.</summary>
    public string Hint { get; private set; } = "";

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? RevokedAt { get; private set; }

    public void Revoke(DateTimeOffset now) => RevokedAt ??= now;

    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    public static string NewSecret() =>
        "mh_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).Replace('+', '-').Replace('/', '_').TrimEnd('=');
}

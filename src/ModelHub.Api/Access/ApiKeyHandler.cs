using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Access;

/// <summary>Reads a key from <c>Authorization: Bearer K</c>, <c>Token K</c>, or <c>Basic</c> with K as the password.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, KeyCache keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public new const string Scheme = "ApiKey";

    /// <summary>Callers come from a cache, so the same ones come again and again.</summary>
    private static readonly ConditionalWeakTable<Caller, AuthenticateResult> Results = [];

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (SecretOf(Request.Headers.Authorization.ToString()) is not { } secret)
            return AuthenticateResult.NoResult();
        if (await keys.FindAsync(secret, Context.RequestAborted) is not { } caller)
            return AuthenticateResult.Fail("Unknown or revoked key.");
        Context.Features.Set(caller);
        return Results.GetValue(caller, Admitted);
    }

    private static AuthenticateResult Admitted(Caller caller)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, caller.Username)], Scheme);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = "Bearer";
        return Task.CompletedTask;
    }

    internal static string? SecretOf(string header)
    {
        var space = header.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0)
            return null;
        var value = header[(space + 1)..].Trim();
        return header[..space].ToUpperInvariant() switch
        {
            "BEARER" or "TOKEN" => value,
            "BASIC" => PasswordOf(value),
            _ => null,
        };
    }

    private static string? PasswordOf(string base64)
    {
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length))
            return null;
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : text[(colon + 1)..];
    }
}

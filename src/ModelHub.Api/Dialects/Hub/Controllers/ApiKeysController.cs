using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>API keys: made, listed without their secret, revoked.</summary>
[ApiController]
[Route("api/api-keys")]
public sealed class ApiKeysController(IdentityService identity) : ControllerBase
{
    /// <summary>Makes a key; it is shown in this answer and never again.</summary>
    [HttpPost]
    [ResponseCache(NoStore = true)]
    [ProducesResponseType<NewApiKeyAnswer>(201)]
    public async Task<IActionResult> Create(ApiKeyRequest request, CancellationToken cancellation)
    {
        var (key, secret) = await identity.CreateKeyAsync(HttpContext.Caller(), request.Username, request.Name!, cancellation);
        return Created($"/api/api-keys/{key.Id}", new NewApiKeyAnswer(secret, AccessMapping.ToWire(key)));
    }

    /// <summary>The caller's keys; of all users for an administrator.</summary>
    [HttpGet]
    public async Task<ListAnswer<ApiKeyWire>> List(int? limit, int? offset, CancellationToken cancellation) =>
        ListAnswer<ApiKeyWire>.Of(await identity.ListKeysAsync(HttpContext.Caller(), HubPaging.Of(limit, offset), cancellation), AccessMapping.ToWire);

    /// <summary>Revokes a key at once.</summary>
    [HttpDelete("{keyId}")]
    public async Task<OkAnswer> Revoke(string keyId, CancellationToken cancellation)
    {
        await identity.RevokeKeyAsync(HttpContext.Caller(), HubPaging.Id(keyId, "API key"), cancellation);
        return new OkAnswer();
    }
}

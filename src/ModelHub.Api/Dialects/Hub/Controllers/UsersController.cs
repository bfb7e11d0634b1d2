using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Users; an administrator's to make and delete.</summary>
[ApiController]
[Route("api/users")]
public sealed class UsersController(IdentityService identity, UserDeletion deletion) : ControllerBase
{
    /// <summary>Makes a user (administrators only).</summary>
    [HttpPost]
    [ProducesResponseType<UserAnswer>(201)]
    public async Task<IActionResult> Create(UserRequest request, CancellationToken cancellation)
    {
        var user = await identity.CreateUserAsync(HttpContext.Caller(), request.Username!, request.Email!, request.IsAdmin, cancellation);
        return Created($"/api/users/{user.Id}", new UserAnswer(AccessMapping.ToWire(user)));
    }

    /// <summary>Users: all for an administrator, else the caller.</summary>
    [HttpGet]
    public async Task<ListAnswer<UserWire>> List(int? limit, int? offset, CancellationToken cancellation) =>
        ListAnswer<UserWire>.Of(await identity.ListUsersAsync(HttpContext.Caller(), HubPaging.Of(limit, offset), cancellation), AccessMapping.ToWire);

    /// <summary>A user.</summary>
    [HttpGet("{userId}")]
    public async Task<UserAnswer> Get(string userId, CancellationToken cancellation) =>
        new(AccessMapping.ToWire(await identity.GetUserAsync(HttpContext.Caller(), HubPaging.Id(userId, "user"), cancellation)));

    /// <summary>Deletes a user (administrators only) with the projects that nobody else owns; what others own or use, too, stays.</summary>
    [HttpDelete("{userId}")]
    public async Task<OkAnswer> Delete(string userId, CancellationToken cancellation)
    {
        await deletion.DeleteAsync(HttpContext.Caller(), HubPaging.Id(userId, "user"), cancellation);
        return new OkAnswer();
    }
}

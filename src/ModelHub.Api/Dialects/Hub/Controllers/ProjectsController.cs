using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Errors;
using ModelHub.Application.Projects;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>Projects, the home of datasets and models, and their members.</summary>
[ApiController]
[Route("api/projects")]
public sealed class ProjectsController(ProjectService projects) : ControllerBase
{
    /// <summary>Makes a project; who makes it owns it.</summary>
    [HttpPost]
    [ProducesResponseType<ProjectAnswer>(201)]
    public async Task<IActionResult> Create(ProjectRequest request, CancellationToken cancellation)
    {
        var project = await projects.CreateAsync(HttpContext.Caller(), request.Name, request.Description, cancellation);
        return Created($"/api/projects/{project.Id}", new ProjectAnswer(AccessMapping.ToWire(project)));
    }

    /// <summary>Projects that the caller is a member of; with <c>search</c>, those with the text in their name.</summary>
    [HttpGet]
    public async Task<ListAnswer<ProjectWire>> List(string? search, int? limit, int? offset, string? cursor, CancellationToken cancellation) =>
        ListAnswer<ProjectWire>.Of(await projects.ListAsync(HttpContext.Caller(), search, HubPaging.Of(limit, offset, cursor), cancellation), AccessMapping.ToWire);

    /// <summary>A project.</summary>
    [HttpGet("{projectId}")]
    public async Task<ProjectAnswer> Get(string projectId, CancellationToken cancellation) =>
        new(AccessMapping.ToWire(await projects.GetAsync(HttpContext.Caller(), HubPaging.Id(projectId, "project"), cancellation)));

    /// <summary>Renames or describes a project.</summary>
    [HttpPatch("{projectId}")]
    public async Task<ProjectAnswer> Change(string projectId, ProjectRequest request, CancellationToken cancellation) =>
        new(AccessMapping.ToWire(await projects.RenameAsync(
            HttpContext.Caller(), HubPaging.Id(projectId, "project"), request.Name, request.Description, cancellation)));

    /// <summary>Deletes a project and all that is in it.</summary>
    [HttpDelete("{projectId}")]
    public async Task<OkAnswer> Delete(string projectId, CancellationToken cancellation)
    {
        await projects.DeleteAsync(HttpContext.Caller(), HubPaging.Id(projectId, "project"), cancellation);
        return new OkAnswer();
    }

    /// <summary>Members of a project with their roles.</summary>
    [HttpGet("{projectId}/members")]
    public async Task<ListAnswer<MemberWire>> Members(string projectId, CancellationToken cancellation)
    {
        var members = await projects.MembersAsync(HttpContext.Caller(), HubPaging.Id(projectId, "project"), cancellation);
        var items = members.Select(m => new MemberWire(m.Username, m.Role.ToString().ToLowerInvariant())).ToList();
        return new ListAnswer<MemberWire> { Items = items, Total = items.Count, Limit = items.Count, Offset = 0 };
    }

    /// <summary>Gives a user a role (viewer, editor, owner); null takes it away.</summary>
    [HttpPut("{projectId}/members/{username}")]
    public async Task<OkAnswer> Share(string projectId, string username, MemberRequest request, CancellationToken cancellation)
    {
        ProjectRole? role = request.Role switch
        {
            null => null,
            "viewer" => ProjectRole.Viewer,
            "editor" => ProjectRole.Editor,
            "owner" => ProjectRole.Owner,
            _ => throw ModelHubException.Invalid("role", "'role' is viewer, editor, owner or null."),
        };
        await projects.ShareAsync(HttpContext.Caller(), HubPaging.Id(projectId, "project"), username, role, cancellation);
        return new OkAnswer();
    }
}

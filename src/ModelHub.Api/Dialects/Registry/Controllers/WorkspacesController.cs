using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.Projects;
using ModelHub.Application.Registry;

namespace ModelHub.Api.Dialects.Registry.Controllers;

/// <summary>Workspaces: projects by their numbers.</summary>
[ApiController]
[Consumes("application/json")]
[Route("v1/api/workspaces")]
public sealed class WorkspacesController(WorkspaceService workspaces) : ControllerBase
{
    /// <summary>The caller's workspaces.</summary>
    [HttpPost("list")]
    public async Task<ListWorkspacesAnswer> List(ListWorkspacesRequest request, CancellationToken cancellation) =>
        new() { Workspaces = [.. (await workspaces.ListAsync(HttpContext.Caller(), cancellation)).Select(WorkspaceMapping.ToDetails)] };

    /// <summary>Makes a workspace.</summary>
    [HttpPost("create")]
    public async Task<CreateWorkspaceAnswer> Create(CreateWorkspaceRequest request, CancellationToken cancellation) =>
        new() { WorkspaceId = (await workspaces.CreateAsync(HttpContext.Caller(), request.WorkspaceName, cancellation)).Project.Number };

    /// <summary>A workspace.</summary>
    [HttpPost("get")]
    public async Task<WorkspaceDetailsWire> Get(GetWorkspaceRequest request, CancellationToken cancellation) =>
        WorkspaceMapping.ToDetails(await workspaces.GetAsync(HttpContext.Caller(), request.Id!.Value, ProjectRole.Viewer, cancellation));
}

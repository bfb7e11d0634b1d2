using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.Projects;
using ModelHub.Application.Registry;

namespace ModelHub.Api.Dialects.Registry;

internal static class WorkspaceMapping
{
    public static WorkspaceWire ToWire(Workspace workspace) => new()
    {
        Id = workspace.Project.Number, Name = workspace.Project.Name, CreatedBy = workspace.CreatedBy,
        CreatedAt = workspace.Project.CreatedAt,
    };

    public static WorkspaceDetailsWire ToDetails(Workspace workspace) => new()
    {
        Id = workspace.Project.Number, Name = workspace.Project.Name, CreatedBy = workspace.CreatedBy,
        CreatedAt = workspace.Project.CreatedAt,
        Users = [.. workspace.Members.Select(m => new WorkspaceUserWire
        {
            UserId = m.Username, AccessLevel = m.Role == ProjectRole.Owner ? "OWNER" : "COLLABORATOR",
        })],
    };
}

using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>Who may do what with a custom model: members of its project, those with whom it is shared, and everybody when it is public.</summary>
public sealed class CustomModelAccess(HubDbContext db, ProjectAccess access)
{
    /// <summary>See <see cref="ProjectQuota.RequireRoomAsync"/>.</summary>
    internal Task RequireRoomAsync(CustomModel model, IEnumerable<StoredArtifact> coming, CancellationToken cancellation) =>
        access.RequireRoomAsync(model.ProjectId, coming, cancellation);

    public IQueryable<CustomModel> Visible(Caller caller) => db.Set<CustomModel>().Where(m =>
        m.Visibility == Visibility.Public || access.VisibleIds(caller).Contains(m.ProjectId) || m.Grants.Any(g => g.UserId == caller.UserId));

    /// <summary>The model with its grants; who may not see it is told that it does not exist.</summary>
    public async Task<CustomModel> RequireAsync(Caller caller, Guid id, SharingRight least, CancellationToken cancellation)
    {
        var model = await Visible(caller).Include(m => m.Grants).FirstOrDefaultAsync(m => m.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("custom model");
        if (least > SharingRight.Use && await RightAsync(caller, model, cancellation) < least)
            throw ModelHubException.Forbidden("Your role for this custom model does not allow it.");
        return model;
    }

    /// <summary>The model for who may share it, and the highest right that may be given.</summary>
    public async Task<(CustomModel Model, SharingRight Most)> RequireSharingAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var model = await RequireAsync(caller, id, SharingRight.Use, cancellation);
        var right = await RightAsync(caller, model, cancellation);
        if (right < SharingRight.Own && model.Grants.Find(g => g.UserId == caller.UserId) is not { CanShare: true })
            throw ModelHubException.Forbidden("You may not share this custom model.");
        return (model, right);
    }

    /// <summary>Members of a version's project deploy and package it; others who see it are told so, and all others that it does not exist.</summary>
    /// <param name="versionId">Of a custom model, or any other model.</param>
    internal static async Task RequireMemberAsync(
        HubDbContext db, ProjectAccess access, Caller caller, Guid projectId, Guid versionId, string noun, CancellationToken cancellation)
    {
        var isShared = await db.Set<CustomModel>().AnyAsync(
            m => db.Set<CustomModelVersion>().Any(v => v.Id == versionId && v.ModelId == m.Id)
                && (m.Visibility == Visibility.Public || m.Grants.Any(g => g.UserId == caller.UserId)),
            cancellation);
        if (isShared && !await db.ProjectMembers.AnyAsync(m => m.ProjectId == projectId && m.UserId == caller.UserId, cancellation))
            throw ModelHubException.Forbidden("This custom model is shared with you, but not its project: members of the project deploy and package it.");
        await access.RequireAsync(caller, projectId, ProjectRole.Editor, noun, cancellation);
    }

    private async Task<SharingRight> RightAsync(Caller caller, CustomModel model, CancellationToken cancellation)
    {
        var right = model.Grants.Find(g => g.UserId == caller.UserId)?.Role.Right() ?? SharingRight.Use;
        var roles = await db.ProjectMembers.Where(m => m.ProjectId == model.ProjectId && m.UserId == caller.UserId)
            .Select(m => m.Role).ToListAsync(cancellation);
        var ofProject = roles.Count == 0 ? SharingRight.Use : roles[0] switch
        {
            ProjectRole.Viewer => SharingRight.Use,
            ProjectRole.Editor => SharingRight.Edit,
            ProjectRole.Owner => SharingRight.Own,
        };
        return right > ofProject ? right : ofProject;
    }
}

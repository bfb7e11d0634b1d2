using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Registry;

/// <summary>
/// Models and versions by their numbers: people's own, and those that were trained here. A model's number stands for its newest version
/// where a version is asked for.
/// </summary>
public sealed class RegistryService(
    HubDbContext db, CustomModelAccess customAccess, ProjectAccess access, WorkspaceService workspaces, RegistryRows rows)
{
    private const int MostListed = 10_000;

    public async Task<(Workspace Workspace, IReadOnlyList<RegistryModel> Models)> ListAsync(
        Caller caller, long workspaceNumber, CancellationToken cancellation)
    {
        var workspace = await workspaces.GetAsync(caller, workspaceNumber, ProjectRole.Viewer, cancellation);
        var id = workspace.Project.Id;
        var models = await rows.OfAsync(
            await customAccess.Visible(caller).AsNoTracking().Where(m => m.ProjectId == id).Take(MostListed).ToListAsync(cancellation),
            await db.Models.AsNoTracking().Where(m => m.ProjectId == id).Take(MostListed).ToListAsync(cancellation), cancellation);
        return (workspace, [.. models.OrderByDescending(m => m.UpdatedAt).ThenByDescending(m => m.Number).Take(MostListed)]);
    }

    /// <param name="number">A version's or a model's.</param>
    public async Task<RegistryVersion> GetAsync(Caller caller, long number, CancellationToken cancellation)
    {
        var model = await ByNumberAsync(caller, number, cancellation) ?? throw ModelHubException.NotFound("model version");
        return model.Versions.FirstOrDefault(v => v.Number == number) ?? (model.Number == number ? model.Versions.FirstOrDefault() : null)
            ?? throw ModelHubException.NotFound("model version");
    }

    /// <param name="number">A model's or a version's.</param>
    public async Task<RegistryModel> GetModelAsync(Caller caller, long number, CancellationToken cancellation) =>
        await ByNumberAsync(caller, number, cancellation) ?? throw ModelHubException.NotFound("model");

    /// <summary>
    /// Versions of the models with a name, of the model with a number (or a version with it), or of both; the newest first.
    /// </summary>
    public async Task<IReadOnlyList<RegistryVersion>> VersionsAsync(
        Caller caller, string? name, long? number, CancellationToken cancellation)
    {
        if (number is { } wanted)
        {
            var model = await ByNumberAsync(caller, wanted, cancellation);
            return model is null || name is not null && model.Name != name ? [] : model.Versions;
        }
        var models = await rows.OfAsync(
            await customAccess.Visible(caller).AsNoTracking().Where(m => m.Name == name).Take(MostListed).ToListAsync(cancellation),
            await Trained(caller).Where(m => m.Name == name).Take(MostListed).ToListAsync(cancellation), cancellation);
        return [.. models.SelectMany(m => m.Versions).OrderByDescending(v => v.CreatedAt).ThenByDescending(v => v.Number)];
    }

    private async Task<RegistryModel?> ByNumberAsync(Caller caller, long number, CancellationToken cancellation)
    {
        var own = await customAccess.Visible(caller).AsNoTracking()
            .Where(m => m.Number == number || db.Set<CustomModelVersion>().Any(v => v.ModelId == m.Id && v.Number == number))
            .Take(1).ToListAsync(cancellation);
        var trained = own.Count > 0 ? []
            : await Trained(caller).Where(m => m.Number == number || m.VersionNumber == number).Take(1).ToListAsync(cancellation);
        return (await rows.OfAsync(own, trained, cancellation)).FirstOrDefault();
    }

    private IQueryable<Model> Trained(Caller caller) =>
        db.Models.AsNoTracking().Where(m => access.VisibleIds(caller).Contains(m.ProjectId));
}

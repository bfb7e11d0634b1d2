using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Projects;

/// <summary>The project of a user's own for dialects that name none.</summary>
public sealed class HomeProject(HubDbContext db, ProjectService projects)
{
    public const string Name = "Custom models";

    /// <summary>The caller's own project of this name; made when it is not there yet.</summary>
    public async Task<Guid> EnsureAsync(Caller caller, CancellationToken cancellation)
    {
        if (await FindAsync(caller, cancellation) is { } there)
            return there;
        try
        {
            return (await projects.CreateAsync(caller, Name, null, cancellation)).Id;
        }
        catch (ModelHubException taken) when (taken.Kind == ErrorKind.Conflict)
        {
            db.ChangeTracker.Clear(); // another request made it meanwhile
            return await FindAsync(caller, cancellation) ?? throw ModelHubException.NotFound("project");
        }
    }

    private async Task<Guid?> FindAsync(Caller caller, CancellationToken cancellation)
    {
        var found = await db.Projects.Where(p => p.OwnerId == caller.UserId && p.Name == Name).Select(p => p.Id).ToListAsync(cancellation);
        return found.Count == 0 ? null : found[0];
    }
}

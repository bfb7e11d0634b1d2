using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Versions of custom models that bring their own code, served by processes in sandboxes.</summary>
internal sealed class CustomModelSource(IServiceScopeFactory scopes, ModelPrograms programs) : IModelSource
{
    public async Task<LoadedModel?> LoadAsync(Guid id, CancellationToken cancellation)
    {
        if (await programs.FindAsync(id, cancellation) is not var (model, version, program))
            return null;
        if (!version.HasCode)
            return null;
        if (Refusal(model) is { } refusal)
            throw new ModelHubException(ErrorKind.WrongState, "not_deployable", refusal);
        var server = programs.Serve(program);
        try
        {
            await server.WarmAsync(cancellation);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        return new LoadedModel(id, model.ProjectId, $"{model.Name} {version.Label}", server, 1 << 20);
    }

    public async Task<ModelIdentity?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        var row = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).FirstOrDefaultAsync(v => v.Id == id, cancellation);
        if (row is null || !row.HasCode)
            return null;
        if (await db.Set<CustomModel>().AsNoTracking().FirstOrDefaultAsync(m => m.Id == row.ModelId, cancellation) is not { } model)
            return null; // deleted just now
        return new ModelIdentity(id, model.ProjectId, $"{model.Name} {row.Label}", model.Target.Threshold, Refusal(model));
    }

    private static string? Refusal(CustomModel model) => model.Type == CustomModelType.Training ? "A training model cannot be deployed." : null;
}

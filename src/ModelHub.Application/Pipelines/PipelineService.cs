using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Pipelines;

/// <summary>
/// Pipelines: made in versions, deployed and undeployed. A deployed pipeline is a deployment like any other, so that every other door and
/// all that watches deployments knows it as well.
/// </summary>
public sealed partial class PipelineService(
    HubDbContext db, ProjectAccess access, PipelineModels models, DeploymentService deployments, TimeProvider clock)
{
    private const int MostListed = 10_000;

    public async Task<(Pipeline Pipeline, PipelineVersion Version)> CreateAsync(
        Caller caller, string? name, long workspaceNumber, WantedDefinition wanted, CancellationToken cancellation)
    {
        if (name is not { Length: > 0 and <= 63 } || !DnsLabels().IsMatch(name))
            throw ModelHubException.Invalid("pipeline_id", "'pipeline_id' is 1 to 63 lower-case letters, digits and dashes.");
        var project = await WorkspaceAsync(caller, workspaceNumber, ProjectRole.Editor, cancellation);
        var definition = await models.ResolveAsync(caller, project, wanted, cancellation);
        var now = clock.GetUtcNow();
        var pipeline = new Pipeline(project, name, caller.UserId, now);
        var version = pipeline.Add(definition, now);
        db.Add(pipeline);
        await db.SaveOrConflictAsync("name_taken", $"The workspace has a pipeline '{name}' already.", cancellation);
        return (pipeline, version);
    }

    public async Task<PipelineVersion> AddVersionAsync(Caller caller, long number, WantedDefinition wanted, CancellationToken cancellation)
    {
        var pipeline = await ByNumberAsync(caller, number, ProjectRole.Editor, cancellation);
        var version = pipeline.Add(await models.ResolveAsync(caller, pipeline.ProjectId, wanted, cancellation), clock.GetUtcNow());
        db.Add(version);
        await db.SaveChangesAsync(cancellation);
        return version;
    }

    /// <summary>Those of a workspace, or of all that the caller sees; the newest first.</summary>
    public async Task<IReadOnlyList<Pipeline>> ListAsync(Caller caller, long? workspaceNumber, CancellationToken cancellation)
    {
        var project = workspaceNumber is { } number ? await WorkspaceAsync(caller, number, ProjectRole.Viewer, cancellation) : (Guid?)null;
        return await db.Set<Pipeline>().AsNoTracking().Include(p => p.Versions)
            .Where(p => access.VisibleIds(caller).Contains(p.ProjectId) && (project == null || p.ProjectId == project))
            .OrderByDescending(p => p.CreatedAt).ThenByDescending(p => p.Number).Take(MostListed).ToListAsync(cancellation);
    }

    /// <param name="versionNumber">Null for the newest.</param>
    /// <param name="instead">Models to run where the version names none.</param>
    /// <exception cref="ModelHubException">It is deployed already, names no model, or a model cannot be deployed.</exception>
    public async Task<Pipeline> DeployAsync(
        Caller caller, long number, long? versionNumber, WantedDefinition instead, CancellationToken cancellation)
    {
        var pipeline = await ByNumberAsync(caller, number, ProjectRole.Editor, cancellation);
        var version = versionNumber is null ? pipeline.Versions.MaxBy(v => v.Number)
            : pipeline.Versions.Find(v => v.Number == versionNumber) ?? throw ModelHubException.NotFound("pipeline version");
        if (version!.Definition.Models.Count == 0 && instead.Models.Count > 0)
        {
            version = pipeline.Add(await models.ResolveAsync(caller, pipeline.ProjectId, instead, cancellation), clock.GetUtcNow());
            db.Add(version);
        }
        if (version.Definition.Models.Count == 0)
            throw ModelHubException.Invalid("models", "This version of the pipeline names no model; name one in its definition, or here.");
        if (pipeline.DeploymentId is not null)
            throw new ModelHubException(ErrorKind.WrongState, "deployed",
                $"The pipeline '{pipeline.Name}' is deployed already; undeploy it first.");
        var deployment = await MakeAsync(caller, pipeline, version.Definition, cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Database.ExecuteSqlAsync($"select 1 from pipelines where id = {pipeline.Id} for update", cancellation);
        await db.Entry(pipeline).ReloadAsync(cancellation);
        var own = await db.Database.SqlQuery<long>($"select nextval('registry_numbers') as \"Value\"").SingleAsync(cancellation);
        try
        {
            pipeline.Deploy(deployment.Id, own, version, clock.GetUtcNow());
        }
        catch (ModelHubException)
        {
            await transaction.RollbackAsync(CancellationToken.None);
            await deployments.DeleteAsync(caller, deployment.Id, CancellationToken.None);
            throw;
        }
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return pipeline;
    }

    public async Task UndeployAsync(Caller caller, long number, CancellationToken cancellation)
    {
        var pipeline = await ByNumberAsync(caller, number, ProjectRole.Editor, cancellation);
        if (pipeline.DeploymentId is not { } deployment)
            throw new ModelHubException(ErrorKind.WrongState, "not_deployed", $"The pipeline '{pipeline.Name}' is not deployed.");
        pipeline.Undeploy(clock.GetUtcNow());
        await db.SaveChangesAsync(cancellation);
        await deployments.DeleteAsync(caller, deployment, cancellation);
    }

    /// <summary>A pipeline by the name of its deployment, <c>name-number</c>.</summary>
    public async Task<Pipeline> ByDeploymentAsync(Caller caller, string? deployment, CancellationToken cancellation)
    {
        var dash = deployment?.LastIndexOf('-') ?? -1;
        var number = dash > 0
            && long.TryParse(deployment.AsSpan(dash + 1), System.Globalization.CultureInfo.InvariantCulture, out var said) ? said : -1;
        var found = await db.Set<Pipeline>().AsNoTracking().Include(p => p.Versions)
            .FirstOrDefaultAsync(p => p.DeploymentNumber == number && access.VisibleIds(caller).Contains(p.ProjectId), cancellation);
        return found is not null && found.Name == deployment![..dash] ? found : throw ModelHubException.NotFound("deployment");
    }

    public async Task<Pipeline> ByNameAsync(Caller caller, long workspaceNumber, string? name, CancellationToken cancellation)
    {
        var project = await WorkspaceAsync(caller, workspaceNumber, ProjectRole.Viewer, cancellation);
        return await db.Set<Pipeline>().AsNoTracking().Include(p => p.Versions)
            .FirstOrDefaultAsync(p => p.ProjectId == project && p.Name == name, cancellation)
                ?? throw ModelHubException.NotFound("pipeline");
    }

    /// <summary>A deployment of the first model, in which the others have their shares.</summary>
    private async Task<Deployment> MakeAsync(Caller caller, Pipeline pipeline, PipelineDefinition definition,
        CancellationToken cancellation)
    {
        var champion = definition.Models[0];
        var wanted = new NewDeployment(pipeline.Name, champion.ModelId, DeploymentStage.Production, ProjectId: pipeline.ProjectId);
        var deployment = await deployments.CreateAsync(caller, wanted, cancellation);
        if (definition.Models.Count == 1)
            return deployment;
        try
        {
            var all = definition.Models.Sum(m => m.Weight);
            return await deployments.ShareAsync(caller, deployment.Id, new TrafficPlan
            {
                Variants = [.. definition.Models.Skip(1).Select(m => (m.ModelId, 100 * m.Weight / all))], StickyBy = definition.HashKey,
            }, cancellation);
        }
        catch
        {
            await deployments.DeleteAsync(caller, deployment.Id, CancellationToken.None);
            throw;
        }
    }

    private async Task<Pipeline> ByNumberAsync(Caller caller, long number, ProjectRole least, CancellationToken cancellation)
    {
        var pipeline = await db.Set<Pipeline>().Include(p => p.Versions).FirstOrDefaultAsync(p => p.Number == number, cancellation)
            ?? throw ModelHubException.NotFound("pipeline");
        await access.RequireAsync(caller, pipeline.ProjectId, least, "pipeline", cancellation);
        return pipeline;
    }

    private async Task<Guid> WorkspaceAsync(Caller caller, long number, ProjectRole least, CancellationToken cancellation)
    {
        var found = await db.Projects.Where(p => p.Number == number).Select(p => (Guid?)p.Id).FirstOrDefaultAsync(cancellation)
            ?? throw ModelHubException.NotFound("workspace");
        await access.RequireAsync(caller, found, least, "workspace", cancellation);
        return found;
    }

    [GeneratedRegex(@"\A[a-z0-9-]+\z")]
    private static partial Regex DnsLabels();
}

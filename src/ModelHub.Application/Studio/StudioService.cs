using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Projects;
using ModelHub.Application.Storage;
using ModelHub.Application.WhatIf;

namespace ModelHub.Application.Studio;

/// <summary>What a scenario came to.</summary>
/// <param name="Base">The session's row by the same model.</param>
public sealed record ScenarioResult(
    IReadOnlyList<string> Classes, RowPrediction Base, RowPrediction Row, double[] Change, IReadOnlyList<KeyValuePair<string, double>>? ContributionChanges,
    string? ContributionSpace);

public sealed record ScenarioView(StudioScenario Scenario, ScenarioResult Result);

public sealed record SessionView(StudioSession Session, IReadOnlyList<ScenarioView> Scenarios);

/// <summary>What a deployment's model reads and says.</summary>
public sealed record DeploymentSchema(ServedDeployment Deployment, Serving.LoadedModel Model);

/// <summary>Sessions of what-if on deployments: a row, and scenarios that are kept with their answers.</summary>
public sealed class StudioService(HubDbContext db, ProjectAccess access, DeploymentGate gate, WhatIfService whatIf, TimeProvider clock)
{
    private const int MostScenarios = 1000;

    /// <summary>Characters of a session's row and of a scenario's changes: all of a session is answered at once, and many sessions are.</summary>
    private const int LongestBase = 1 << 20;
    private const int LongestChanges = 100_000;

    /// <exception cref="ModelHubException">The row is no record of the deployment's model.</exception>
    public async Task<SessionView> CreateAsync(Caller caller, Guid deploymentId, string? name, JsonElement row, CancellationToken cancellation)
    {
        var served = await gate.FindAsync(caller, deploymentId, cancellation);
        await access.RequireAsync(caller, served.ProjectId, ProjectRole.Editor, "deployment", cancellation);
        await CompareAsync(caller, served, row, JsonSerializer.Deserialize<JsonElement>("{}"), cancellation);
        Bound(row, LongestBase, "base");
        var session = new StudioSession(served.ProjectId, served.Id, Names.Checked(name ?? "session"), row.GetRawText(), caller.UserId, clock.GetUtcNow());
        db.Add(session);
        await db.SaveChangesAsync(cancellation);
        return new SessionView(session, []);
    }

    public async Task<Page<StudioSession>> ListAsync(Caller caller, Guid? projectId, Guid? deploymentId, Paging paging, CancellationToken cancellation)
    {
        var sessions = db.Set<StudioSession>().AsNoTracking().Where(s => access.VisibleIds(caller).Contains(s.ProjectId)
            && (projectId == null || s.ProjectId == projectId) && (deploymentId == null || s.DeploymentId == deploymentId));
        return await sessions.OrderByDescending(s => s.CreatedAt).ThenBy(s => s.Id).ToPageAsync(paging, cancellation);
    }

    public async Task<SessionView> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var session = await VisibleAsync(caller, id, ProjectRole.Viewer, cancellation);
        var scenarios = await db.Set<StudioScenario>().AsNoTracking().Where(s => s.SessionId == id).OrderBy(s => s.CreatedAt).ThenBy(s => s.Id).ToListAsync(cancellation);
        return new SessionView(session, [.. scenarios.Select(s => new ScenarioView(s, JsonSerializer.Deserialize<ScenarioResult>(s.Result, StoredJson.Options)!))]);
    }

    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        await VisibleAsync(caller, id, ProjectRole.Editor, cancellation);
        await db.Set<StudioSession>().Where(s => s.Id == id).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>Scores a change by the model that the deployment has now, and keeps the answer.</summary>
    public async Task<ScenarioView> AddAsync(Caller caller, Guid sessionId, string? name, JsonElement changes, CancellationToken cancellation)
    {
        var session = await VisibleAsync(caller, sessionId, ProjectRole.Editor, cancellation);
        var count = await db.Set<StudioScenario>().CountAsync(s => s.SessionId == sessionId, cancellation);
        if (count >= MostScenarios)
            throw new ModelHubException(ErrorKind.WrongState, "session_full", $"A session has at most {MostScenarios} scenarios.");
        var served = await gate.FindAsync(caller, session.DeploymentId, cancellation);
        var result = await CompareAsync(caller, served, JsonSerializer.Deserialize<JsonElement>(session.BaseRow), changes, cancellation);
        Bound(changes, LongestChanges, "changes");
        var scenario = new StudioScenario(
            sessionId, Names.Checked(name ?? $"scenario {count + 1}"), served.Champion.Id, changes.GetRawText(),
            JsonSerializer.Serialize(result, StoredJson.Options), clock.GetUtcNow());
        db.Add(scenario);
        await db.SaveChangesAsync(cancellation);
        return new ScenarioView(scenario, result);
    }

    public async Task DeleteScenarioAsync(Caller caller, Guid sessionId, Guid id, CancellationToken cancellation)
    {
        await VisibleAsync(caller, sessionId, ProjectRole.Editor, cancellation);
        if (await db.Set<StudioScenario>().Where(s => s.Id == id && s.SessionId == sessionId).ExecuteDeleteAsync(cancellation) == 0)
            throw ModelHubException.NotFound("scenario");
    }

    public async Task<DeploymentSchema> SchemaAsync(Caller caller, Guid deploymentId, CancellationToken cancellation)
    {
        var served = await gate.FindAsync(caller, deploymentId, cancellation);
        return new DeploymentSchema(served, served.Champion);
    }

    private async Task<ScenarioResult> CompareAsync(Caller caller, ServedDeployment served, JsonElement row, JsonElement changes, CancellationToken cancellation)
    {
        var options = new ScoringOptions(served.Champion.IsBinary ? served.Threshold : null, served.Champion.Trained is { HasContributions: true });
        var answer = await whatIf.CompareAsync(caller, served.Champion.Id, row, [changes], options, cancellation);
        var only = answer.Scenarios[0];
        return new ScenarioResult(answer.Classes, Bare(answer.Base), Bare(only.Row), only.Change, only.ContributionChanges, answer.ContributionSpace);
    }

    private static void Bound(JsonElement kept, int longest, string field)
    {
        if (kept.GetRawText().Length > longest)
            throw ModelHubException.Invalid(field, $"'{field}' is longer than {longest} characters.");
    }

    private static RowPrediction Bare(RowPrediction row) => row with { Contributions = null };

    private async Task<StudioSession> VisibleAsync(Caller caller, Guid id, ProjectRole least, CancellationToken cancellation)
    {
        var session = await db.Set<StudioSession>().AsNoTracking().FirstOrDefaultAsync(s => s.Id == id, cancellation) ?? throw ModelHubException.NotFound("session");
        await access.RequireAsync(caller, session.ProjectId, least, "session", cancellation);
        return session;
    }
}

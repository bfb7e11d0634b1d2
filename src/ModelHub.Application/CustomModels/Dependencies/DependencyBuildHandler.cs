using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Dependencies;

/// <summary>Installs a version's requirements in a sandbox and keeps the installed packages as an artifact.</summary>
public sealed class DependencyBuildHandler(ModelPrograms programs, Workshop workshop, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "custom_model_version.dependencies";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        var (_, _, program) = await programs.FindAsync(id, cancellation) ?? throw ModelHubException.NotFound("custom model version");
        await run.SaveAsync(async fresh => (await OfAsync(fresh, run.Job, cancellation))?.Start(), cancellation);
        var log = new BoundedLog();
        var done = await workshop.RunAsync(program with { Packages = null }, ["packages"], found => log = found, cancellation);
        await run.CommitAsync(
            async fresh =>
            {
                if (await OfAsync(fresh, run.Job, CancellationToken.None) is not { } build)
                    return;
                if (done.Files is { } files)
                {
                    await ArtifactRows.EnsureAsync(fresh, files, clock.GetUtcNow(), CancellationToken.None);
                    build.Succeed(files.Sha256, log.ToString(), clock.GetUtcNow());
                }
                else
                {
                    build.Fail($"{log}\n{done.Failure}", clock.GetUtcNow());
                }
            },
            CancellationToken.None);
    }

    public async Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation)
    {
        if (await OfAsync(db, job, cancellation) is { IsOpen: true } build)
            build.Fail(job.ErrorMessage ?? "The build was cancelled.", clock.GetUtcNow());
    }

    /// <summary>The job's own build: it may have been cancelled, and another begun.</summary>
    private static Task<DependencyBuild?> OfAsync(HubDbContext db, Job job, CancellationToken cancellation) =>
        db.Set<DependencyBuild>().FirstOrDefaultAsync(b => b.VersionId == job.SubjectId && b.JobId == job.Id, cancellation);
}

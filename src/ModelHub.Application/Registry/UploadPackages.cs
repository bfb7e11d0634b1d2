using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Dependencies;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;

namespace ModelHub.Application.Registry;

/// <summary>
/// The packages that an upload with code says it needs (<c>conversion.requirements</c>, or a requirements.txt of its own, which wins): they
/// come from the environment and from wheels in the archive, in a sandbox, before the code is started.
/// </summary>
public sealed class UploadPackages(ModelPrograms programs, Workshop workshop, IArtifactStore store, TimeProvider clock)
{
    /// <exception cref="ModelHubException">A package is not to be had; the message names it.</exception>
    public async Task InstallAsync(IJobRun run, CustomModelVersion version, CancellationToken cancellation)
    {
        var wanted = JsonSerializer.Deserialize<Conversion>(version.Conversion ?? "{}")!.Requirements;
        var isThere = version.Files.Any(f => f.Path == Requirements.FileName);
        if (wanted.Count == 0 && !isThere)
            return;
        if (!isThere)
            await WriteAsync(run, version, string.Join('\n', wanted) + "\n", cancellation);
        var (_, _, program) = await programs.FindAsync(version.Id, cancellation) ?? throw ModelHubException.NotFound("model version");
        var log = new Sandboxes.BoundedLog();
        var done = await workshop.RunAsync(program with { Packages = null }, ["packages"], found => log = found, cancellation);
        if (done.Files is not { } files)
            throw ModelHubException.Invalid("requirements", $"Packages that this upload needs are not there. {done.Failure}");
        await run.SaveAsync(
            async fresh =>
            {
                var now = clock.GetUtcNow();
                await ArtifactRows.EnsureAsync(fresh, files, now, cancellation);
                await fresh.Set<DependencyBuild>().Where(b => b.VersionId == version.Id).ExecuteDeleteAsync(cancellation);
                var build = new DependencyBuild(version.Id, run.Job.Id, now);
                build.Start();
                build.Succeed(files.Sha256, log.ToString(), now);
                fresh.Add(build);
            },
            cancellation);
    }

    private async Task WriteAsync(IJobRun run, CustomModelVersion version, string text, CancellationToken cancellation)
    {
        Requirements.Parse(text); // refuses what pip would take for an option
        var stored = await store.PutAsync(Encoding.UTF8.GetBytes(text), cancellation);
        await run.SaveAsync(
            async fresh =>
            {
                var now = clock.GetUtcNow();
                await ArtifactRows.EnsureAsync(fresh, stored, now, cancellation);
                fresh.Add(new CustomModelFile(version.Id, version.Files.Count, Requirements.FileName, stored.Sha256, stored.Size, now));
            },
            cancellation);
    }
}

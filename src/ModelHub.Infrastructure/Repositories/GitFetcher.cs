using System.Diagnostics;
using ModelHub.Application.CustomModels.Repositories;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Infrastructure.Repositories;

/// <summary>
/// Git as a subprocess, in a bare repository of its own that is never checked out: no hooks, filters, links or submodules come to life.
/// </summary>
internal sealed class GitFetcher(ProcessLauncher launcher) : IRepositoryFetcher
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public async Task FetchAsync(string location, string reference, Func<FetchedCommit, CancellationToken, Task> use, CancellationToken cancellation)
    {
        var folder = Scratch.NewFolder().FullName;
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bounded.CancelAfter(Patience);
        try
        {
            var repository = Path.Combine(folder, "repository");
            await GitAsync(folder, ["init", "--quiet", "--bare", repository], bounded.Token);
            await GitAsync(folder, ["-C", repository, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", location, reference], bounded.Token);
            var sha = (await GitAsync(folder, ["-C", repository, "rev-parse", "--verify", "FETCH_HEAD^{commit}"], bounded.Token)).Trim();
            var tar = Path.Combine(folder, "files.tar");
            await GitAsync(folder, ["-C", repository, "archive", "--format=tar", "--output", tar, sha], bounded.Token);
            await using var bytes = new FileStream(tar, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous);
            await use(new FetchedCommit(sha, bytes), cancellation);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw ModelHubException.Invalid("repositoryId", $"The repository did not answer within {Patience.TotalSeconds} seconds.");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<string> GitAsync(string home, string[] arguments, CancellationToken cancellation)
    {
        using var git = await StartAsync(home, arguments);
        git.StandardInput.Close();
        try
        {
            var (output, error) = (git.StandardOutput.ReadToEndAsync(cancellation), git.StandardError.ReadToEndAsync(cancellation));
            await git.WaitForExitAsync(cancellation);
            if (git.ExitCode == 0)
                return await output;
            var lines = (await error).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var said = lines.LastOrDefault(l => l.StartsWith("fatal:", StringComparison.Ordinal)) ?? lines.LastOrDefault() ?? "no reason given";
            throw ModelHubException.Invalid("repositoryId", $"Git could not read the repository: {said[..Math.Min(said.Length, 300)]}");
        }
        finally
        {
            if (!git.HasExited)
                git.Kill(entireProcessTree: true);
        }
    }

    private async Task<Process> StartAsync(string home, string[] arguments)
    {
        try
        {
            return await launcher.StartAsync(
                "git", ["-c", "core.hooksPath=/dev/null", "-c", "http.followRedirects=false", "-c", "core.symlinks=false", .. arguments],
                new Dictionary<string, string>
                {
                    ["HOME"] = home, ["LANG"] = "C", ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_TERMINAL_PROMPT"] = "0",
                    ["GIT_ALLOW_PROTOCOL"] = "http:https", ["GIT_LFS_SKIP_SMUDGE"] = "1", ["GIT_ASKPASS"] = "/bin/false",
                });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new ModelHubException(ErrorKind.Unavailable, "no_git", "Git is not installed on the server; an administrator has to install it.");
        }
    }
}

using System.ComponentModel;
using System.Text.RegularExpressions;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Infrastructure.Containers;

/// <summary>Docker or Podman, whichever is installed and answers, by its command line.</summary>
internal sealed partial class ContainerEngine(ProcessLauncher launcher, ContainerOptions options) : IContainerEngine
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _gate = new(1);
    private string? _program;

    public Task RequireAsync(CancellationToken cancellation) => ProgramAsync(cancellation);

    public async Task<string> BuildAsync(Stream context, Action<string> log, CancellationToken cancellation)
    {
        var tag = $"modelhub-environment:{Guid.NewGuid():N}";
        await RunAsync(["build", "--force-rm", "--network", "none", "-t", tag, "-"], context, log, null, cancellation);
        return await IdOfAsync(tag, cancellation);
    }

    public async Task<string> LoadAsync(Stream image, Action<string> log, CancellationToken cancellation)
    {
        var lines = new List<string>();
        await RunAsync(["load"], image, line =>
        {
            lines.Add(line);
            log(line);
        }, null, cancellation);
        var found = lines.Select(l => Loaded().Match(l)).LastOrDefault(m => m.Success)
            ?? throw new ModelHubException(ErrorKind.Invalid, "build_failed", "The container engine did not say which image it loaded.");
        return await IdOfAsync(found.Groups[1].Value, cancellation);
    }

    public async Task<string> PullAsync(string reference, Action<string> log, CancellationToken cancellation)
    {
        await RunAsync(["pull", reference], null, log, null, cancellation);
        return await IdOfAsync(reference, cancellation);
    }

    public Task SaveAsync(string image, Stream target, CancellationToken cancellation) =>
        RunAsync(["save", image], null, _ => { }, target, cancellation);

    private async Task<string> IdOfAsync(string reference, CancellationToken cancellation)
    {
        var id = "";
        await RunAsync(["image", "inspect", "--format", "{{.Id}}", reference], null, line => id = line.Trim().Length > 0 ? line.Trim() : id, null, cancellation);
        return id.Length > 0 ? id : throw new ModelHubException(ErrorKind.Invalid, "build_failed", $"The container engine does not know the image '{reference}'.");
    }

    private async Task<string> ProgramAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            // Only a success is remembered: an engine may be installed or started while the hub runs.
            if (_program is not null)
                return _program;
            var refusals = new List<string>();
            foreach (var program in options.Programs)
            {
                if (await RefusalOfAsync(program, cancellation) is not { } refusal)
                    return _program = program;
                refusals.Add(refusal);
            }
            throw new ModelHubException(
                ErrorKind.Unavailable, "container_engine_missing",
                "Environments are built by a container engine, and none answers here (" + string.Join("; ", refusals)
                + "). Install Podman (apt-get install podman) or start Docker; the built-in Python environment works without.");
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<string?> RefusalOfAsync(string program, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        var log = new BoundedLog();
        try
        {
            var code = await ExitOfAsync(program, ["info"], null, log.Add, null, limit.Token);
            return code == 0 ? null : $"{program}: {log.Tail(1)}";
        }
        catch (Win32Exception)
        {
            return $"{program} is not installed";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"{program} did not answer within {Patience.TotalSeconds} s";
        }
    }

    private async Task RunAsync(IReadOnlyList<string> arguments, Stream? input, Action<string> log, Stream? output, CancellationToken cancellation)
    {
        var program = await ProgramAsync(cancellation);
        var tail = new BoundedLog { Written = log };
        if (await ExitOfAsync(program, arguments, input, tail.Add, output, cancellation) is var code and not 0)
            throw new ModelHubException(ErrorKind.Invalid, "build_failed", $"{program} {arguments[0]} failed with exit code {code}: {tail.Tail(3)}".Trim());
    }

    private async Task<int> ExitOfAsync(
        string program, IReadOnlyList<string> arguments, Stream? input, Action<string> log, Stream? output, CancellationToken cancellation)
    {
        using var process = await launcher.StartAsync(program, arguments, options.Environment);
        var lines = new BoundedLog { Written = log };
        try
        {
            var reading = output is null ? lines.ReadAsync(process.StandardOutput) : process.StandardOutput.BaseStream.CopyToAsync(output, cancellation);
            var errors = lines.ReadAsync(process.StandardError);
            try
            {
                if (input is not null)
                    await input.CopyToAsync(process.StandardInput.BaseStream, cancellation);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended before it read everything: its exit code says why.
            }
            await process.WaitForExitAsync(cancellation);
            await Task.WhenAll(reading, errors).WaitAsync(cancellation);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    [GeneratedRegex("^Loaded image(?: ID)?(?:\\(s\\))?: *(\\S+)", RegexOptions.CultureInvariant)]
    private static partial Regex Loaded();
}

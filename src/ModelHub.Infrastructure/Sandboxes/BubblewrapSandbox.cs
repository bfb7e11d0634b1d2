using System.ComponentModel;
using System.Globalization;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>
/// Sandboxes by bubblewrap (namespaces of its own for everything, a root that is empty but for the host's /usr, read-only) under prlimit;
/// memory and processes are watched besides, since limits of single processes do not add up. Works as root and as an ordinary user.
/// </summary>
internal sealed class BubblewrapSandbox(ProcessLauncher launcher, TimeProvider clock) : ISandbox
{
    private const long AddressSpaceToSpare = 512L << 20;
    private const long MostTemporary = 512L << 20;
    private static readonly string[] Roots = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
    private static readonly string[] Etc = ["/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"];
    private static readonly string[] EtcOfNetwork = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates", "/etc/pki"];
    private readonly SemaphoreSlim _gate = new(1);
    private string? _refusal;
    private bool _isProbed;

    public string NewFolder() => Directory.CreateTempSubdirectory("mh-").FullName;

    public async Task<ISandboxedProcess> StartAsync(SandboxedProgram program, CancellationToken cancellation)
    {
        await RequireAsync(cancellation);
        var process = await launcher.StartAsync("prlimit", Arguments(program));
        return new SandboxedProcess(process, program.HasPipes, program.Memory, program.Processes, clock);
    }

    private static List<string> Arguments(SandboxedProgram program)
    {
        string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            $"--as={Number(program.Memory + AddressSpaceToSpare)}", "--nofile=1024", $"--fsize={Number(MostTemporary)}", "--core=0", "--",
            "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--uid", "1000", "--gid", "1000", "--hostname", "model",
            "--cap-drop", "ALL", "--clearenv", "--ro-bind", "/usr", "/usr",
        ];
        if (program.HasNetwork)
            arguments.Add("--share-net");
        foreach (var root in Roots)
        {
            if (new DirectoryInfo(root) is { Exists: true } folder)
                arguments.AddRange(folder.LinkTarget is { } target ? ["--symlink", target, root] : ["--ro-bind", root, root]);
        }
        foreach (var path in program.HasNetwork ? Etc.Concat(EtcOfNetwork) : Etc)
            arguments.AddRange(["--ro-bind-try", path, path]);
        arguments.AddRange(["--proc", "/proc", "--dev", "/dev", "--size", Number(Math.Min(MostTemporary, program.Memory)), "--tmpfs", "/tmp"]);
        arguments.AddRange(["--size", Number(1 << 20), "--tmpfs", SandboxedProgram.CodeFolder]);
        foreach (var (path, source) in program.Files)
            arguments.AddRange(["--ro-bind", source, path]);
        arguments.AddRange(["--remount-ro", SandboxedProgram.CodeFolder]);
        if (program.Packages is { } packages)
            arguments.AddRange(["--ro-bind", packages, SandboxedProgram.PackagesFolder]);
        if (program.Shared is { } shared)
            arguments.AddRange(["--bind", shared, SandboxedProgram.SharedFolder]);
        arguments.AddRange(["--remount-ro", "/"]);
        foreach (var (name, value) in program.Environment)
            arguments.AddRange(["--setenv", name, value]);
        arguments.AddRange(["--chdir", "/tmp", "--"]);
        arguments.AddRange(program.Command);
        return arguments;
    }

    private async Task RequireAsync(CancellationToken cancellation)
    {
        if (!_isProbed)
        {
            await _gate.WaitAsync(cancellation);
            try
            {
                // Only a success is remembered: what is missing may be installed while the hub runs.
                _refusal = await ProbeAsync(cancellation);
                _isProbed = _refusal is null;
            }
            finally
            {
                _gate.Release();
            }
        }
        if (_refusal is not null)
            throw new ModelHubException(ErrorKind.Unavailable, "sandbox_missing", _refusal);
    }

    private async Task<string?> ProbeAsync(CancellationToken cancellation)
    {
        try
        {
            using var process = await launcher.StartAsync("prlimit", Arguments(new SandboxedProgram { Command = ["/usr/bin/env", "true"] }));
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = await process.StandardError.ReadToEndAsync(cancellation);
            await output;
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? null
                : error.Contains("failed to execute bwrap", StringComparison.Ordinal) ? Missing
                : $"Custom models cannot run here: bubblewrap says '{error.Trim()}'.";
        }
        catch (Win32Exception)
        {
            return Missing;
        }
    }

    private static string Missing => "Custom models run in a sandbox, and there is none here: install the package 'bubblewrap' (apt-get install bubblewrap).";
}

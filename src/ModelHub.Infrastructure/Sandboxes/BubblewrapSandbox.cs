using System.ComponentModel;
using System.Globalization;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>
/// Sandboxes by bubblewrap (namespaces of its own for everything, a root that is empty but for the host's /usr, read-only) under prlimit;
/// memory, processes and processors are watched besides, since limits of single processes do not add up. Started by an ordinary user, it has a user
/// namespace of its own; started by root, what runs in it becomes a user that nobody else is, without any capability: a namespace alone
/// would leave it root's name on files of the kernel (/proc/sys).
/// </summary>
internal sealed class BubblewrapSandbox(ProcessLauncher launcher, TimeProvider clock) : ISandbox
{
    private const long AddressSpaceToSpare = 512L << 20;
    private const long MostTemporary = 512L << 20;
    private const long MostShared = 64L << 20;
    private const string NobodyElse = "64999";
    private static readonly string[] Roots = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
    private static readonly string[] KernelPlaces = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi"];
    private static readonly string[] Etc = ["/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"];
    private static readonly string[] EtcOfNetwork = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates", "/etc/pki"];
    private readonly SemaphoreSlim _gate = new(1);
    private string? _refusal;
    private bool _isProbed;
    private bool _drops;

    /// <summary>What is run: bubblewrap, unless a test names something else.</summary>
    internal string Program { get; init; } = "bwrap";

    /// <summary>What the sandbox is started by; with setpriv, it is started by an ordinary user.</summary>
    internal IReadOnlyList<string> Starter { get; init; } = ["prlimit"];

    public string NewFolder() => Directory.CreateTempSubdirectory("mh-").FullName;

    public ISandboxLink NewLink() => new SandboxLink(NewFolder());

    public async Task<ISandboxedProcess> StartAsync(SandboxedProgram program, CancellationToken cancellation)
    {
        await RequireAsync(cancellation);
        var process = await launcher.StartAsync(Starter[0], Starter.Skip(1).Concat(Arguments(program)), program.Environment);
        return new SandboxedProcess(process, program, clock);
    }

    private List<string> Arguments(SandboxedProgram program)
    {
        string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            $"--as={Number(program.Memory + AddressSpaceToSpare)}", "--nofile=1024", $"--fsize={Number(MostTemporary)}", "--core=0", "--",
            Program, "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "model",
            "--cap-drop", "ALL",
        ];
        arguments.AddRange(_drops ? ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
            : ["--unshare-user", "--uid", "1000", "--gid", "1000"]);
        if (!program.HasNetwork)
            arguments.Add("--unshare-net");
        arguments.AddRange(["--ro-bind", "/usr", "/usr"]);
        foreach (var root in Roots)
        {
            if (new DirectoryInfo(root) is { Exists: true } folder)
                arguments.AddRange(folder.LinkTarget is { } target ? ["--symlink", target, root] : ["--ro-bind", root, root]);
        }
        // Folders that bubblewrap makes on the way to a file are closed to all but root: those that are looked into are made here.
        arguments.AddRange(["--dir", "/etc", "--dir", "/opt"]);
        foreach (var path in program.HasNetwork ? Etc.Concat(EtcOfNetwork) : Etc)
            arguments.AddRange(["--ro-bind-try", path, path]);
        arguments.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        foreach (var place in KernelPlaces)
            arguments.AddRange(["--ro-bind-try", place, place]);
        arguments.AddRange(["--perms", "1777", "--size", Number(MostShared), "--tmpfs", "/dev/shm"]);
        arguments.AddRange(["--perms", "1777", "--size", Number(Math.Min(MostTemporary, program.Memory)), "--tmpfs", "/tmp"]);
        arguments.AddRange(["--size", Number(1 << 20), "--tmpfs", SandboxedProgram.CodeFolder]);
        foreach (var folder in program.Files.SelectMany(f => FoldersOf(f.Path)).Distinct().OrderBy(f => f.Length))
            arguments.AddRange(["--dir", folder]);
        foreach (var (path, source) in program.Files)
            arguments.AddRange(["--ro-bind", source, path]);
        arguments.AddRange(["--remount-ro", SandboxedProgram.CodeFolder]);
        if (program.Packages is { } packages)
            arguments.AddRange(["--ro-bind", packages, SandboxedProgram.PackagesFolder]);
        arguments.AddRange(["--remount-ro", "/"]);
        arguments.AddRange(["--chdir", "/tmp", "--"]);
        if (_drops)
        {
            arguments.AddRange(
                ["/usr/bin/setpriv", $"--reuid={NobodyElse}", $"--regid={NobodyElse}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--"]);
        }
        arguments.AddRange(program.Command);
        return arguments;
    }

    /// <summary>The folders within the code's own that lead to a file, from the outside in.</summary>
    private static IEnumerable<string> FoldersOf(string path)
    {
        for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (slash > SandboxedProgram.CodeFolder.Length)
                yield return path[..slash];
        }
    }

    private async Task RequireAsync(CancellationToken cancellation)
    {
        if (!_isProbed)
        {
            await _gate.WaitAsync(cancellation);
            try
            {
                // Only a success is remembered: what is missing may be installed while the hub runs.
                _drops = Environment.IsPrivilegedProcess && Starter.Count == 1;
                _refusal = await ProbeAsync(cancellation);
                if (_refusal is not null && _drops)
                {
                    // A root that may not do without a user namespace, as in many containers.
                    _drops = false;
                    _refusal = await ProbeAsync(cancellation);
                }
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
            using var process = await launcher.StartAsync(
                Starter[0], Starter.Skip(1).Concat(Arguments(new SandboxedProgram { Command = ["/usr/bin/env", "true"] })));
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = await process.StandardError.ReadToEndAsync(cancellation);
            await output;
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? null
                : error.Contains($"failed to execute {Program}", StringComparison.Ordinal) ? Missing
                : $"Custom models cannot run here: bubblewrap says '{error.Trim()}'.";
        }
        catch (Win32Exception)
        {
            return Missing;
        }
    }

    private static string Missing => "Custom models run in a sandbox, and there is none here: install the package 'bubblewrap' (apt-get install bubblewrap).";
}

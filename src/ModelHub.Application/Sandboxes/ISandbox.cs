namespace ModelHub.Application.Sandboxes;

/// <summary>
/// Runs other people's programs: apart from the hub, without its rights, its files or (unless allowed) the network, within bounds of memory,
/// processors, processes and output. Whatever a program does, it ends with its sandbox.
/// </summary>
public interface ISandbox
{
    /// <summary>Where to make a folder that is shared with a program; paths in it are short enough for sockets.</summary>
    string NewFolder();

    /// <summary>A way to connections with a port in a sandbox, for a program that is given its socket as <see cref="SandboxedProgram.LinkSocket"/>.</summary>
    ISandboxLink NewLink();

    /// <exception cref="Errors.ModelHubException">Nothing here can run a sandbox (the message names what to install).</exception>
    Task<ISandboxedProcess> StartAsync(SandboxedProgram program, CancellationToken cancellation);
}

/// <summary>A program to be run in a sandbox.</summary>
public sealed record SandboxedProgram
{
    /// <summary>The container image that it runs in; null for this host's own programs, under bubblewrap.</summary>
    public SandboxImage? Image { get; init; }

    /// <summary>Absolute path in the sandbox and arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Files it sees, read-only: absolute path in the sandbox, and where the bytes are.</summary>
    public IReadOnlyList<(string Path, string Source)> Files { get; init; } = [];

    /// <summary>A host folder of packages that it sees, read-only, as <see cref="PackagesFolder"/>.</summary>
    public string? Packages { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Bytes of memory of all its processes together.</summary>
    public long Memory { get; init; } = 2L << 30;

    /// <summary>Processes and threads together.</summary>
    public int Processes { get; init; } = 256;

    /// <summary>Processors that all its processes together may keep busy.</summary>
    public int Processors { get; init; } = 1;

    public bool HasNetwork { get; init; }

    /// <summary>Whether standard input and output are the hub's to talk through; else input is empty and output goes to the log.</summary>
    public bool HasPipes { get; init; }

    public const string CodeFolder = "/opt/model";
    public const string PackagesFolder = "/opt/packages";
    public const string LinkSocket = "/opt/link";
}

/// <summary>An image of a container engine.</summary>
/// <param name="Id">What the engine that built it calls it.</param>
/// <param name="Archive">A file that it can be loaded from again where the engine does not know it; null for none.</param>
public sealed record SandboxImage(string Id, string? Archive);

/// <summary>A program in its sandbox. Disposing kills all of it.</summary>
public interface ISandboxedProcess : IAsyncDisposable
{
    /// <summary>Completes with the exit code; 137 when it was killed.</summary>
    Task<int> Exited { get; }

    /// <summary>Why the hub killed it (memory, processes); null when it did not.</summary>
    string? KilledFor { get; }

    /// <summary>What it reads; only with <see cref="SandboxedProgram.HasPipes"/>.</summary>
    Stream Input { get; }

    /// <summary>What it writes; only with <see cref="SandboxedProgram.HasPipes"/>.</summary>
    Stream Output { get; }

    /// <summary>Its output, standard output and standard error together, the last megabyte.</summary>
    BoundedLog Log { get; }

    void Kill(string reason);
}

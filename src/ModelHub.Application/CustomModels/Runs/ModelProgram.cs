using System.Globalization;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>What has to be known to run a version: its files, its bounds, and what its answers must look like.</summary>
public sealed record ModelProgram
{
    public required IReadOnlyList<(string Path, string Source)> Files { get; init; }

    /// <summary>Whether it brings a server of its own; otherwise its hooks are called.</summary>
    public bool HasServer => Files.Any(f => f.Path == CustomModelVersion.ServerScript);

    public required TargetType TargetType { get; init; }

    public required CustomModelTarget Target { get; init; }

    /// <summary>Bytes.</summary>
    public required long Memory { get; init; }

    public int Replicas { get; init; } = 1;

    public int Processors { get; init; } = 1;

    public bool HasNetwork { get; init; }

    /// <summary>Why it cannot run here; null when it can.</summary>
    public string? Refusal { get; init; }

    /// <summary>The image of its environment; null for the built-in one.</summary>
    public SandboxImage? Image { get; init; }

    /// <summary>Variables that it is given where it serves, and nowhere else.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();

    /// <summary>A host folder of installed packages; null for none.</summary>
    public string? Packages { get; init; }

    public TimeSpan StartUp { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan Request { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Classes of the answers, in the order in which probabilities are given; empty unless it classifies.</summary>
    public IReadOnlyList<string> Classes => TargetType switch
    {
        TargetType.Binary => [Target.NegativeClass ?? "0", Target.PositiveClass ?? "1"],
        TargetType.Multiclass => Target.Classes,
        _ => [],
    };

    /// <param name="host">Where the runner's own program is.</param>
    /// <param name="link">The socket by which the hub comes to its server; null without one.</param>
    /// <exception cref="ModelHubException">It cannot run here.</exception>
    internal SandboxedProgram Sandboxed(string host, string? link = null) => Refusal is not null ? throw new ModelHubException(ErrorKind.WrongState, "not_runnable", Refusal) : new()
    {
        Command = ["/usr/bin/env", "python3", "-u", "-B", "/opt/host.py"],
        Files = [("/opt/host.py", host), .. link is null ? [] : new[] { (SandboxedProgram.LinkSocket, link) }, .. Code],
        Image = Image, Memory = Memory, Processors = Processors, HasNetwork = HasNetwork, HasPipes = true, Packages = Packages,
        Environment = Secrets.Concat(Variables()).ToDictionary(),
    };

    /// <summary>Work on its files instead of serving them (see workshop.py).</summary>
    internal SandboxedProgram Workshop(string script, IReadOnlyList<string> work) => Sandboxed(script) with
    {
        Command = ["/usr/bin/env", "python3", "-u", "-B", "/opt/workshop.py", .. work],
        Files = [("/opt/workshop.py", script), .. Code],
        Environment = new Dictionary<string, string>(Variables()) { ["OUTPUT_DIR"] = Runs.Workshop.OutputFolder },
    };

    private IEnumerable<(string Path, string Source)> Code => Files.Select(f => ($"{SandboxedProgram.CodeFolder}/{f.Path}", f.Source));

    private Dictionary<string, string> Variables()
    {
        var options = new Dictionary<string, object> { ["target_type"] = TargetType.ToString().ToLowerInvariant() };
        if (TargetType == TargetType.Binary)
            (options["negative_class_label"], options["positive_class_label"]) = (Classes[0], Classes[1]);
        if (Classes.Count > 0)
            options["class_labels"] = Classes;
        var variables = new Dictionary<string, string>
        {
            ["PATH"] = "/usr/local/bin:/usr/bin:/bin", ["HOME"] = "/tmp", ["USER"] = "model", ["LOGNAME"] = "model", ["LANG"] = "C.UTF-8",
            ["PYTHONDONTWRITEBYTECODE"] = "1", ["MALLOC_ARENA_MAX"] = "2", ["URL_PREFIX"] = "", ["MODEL_OPTIONS"] = JsonSerializer.Serialize(options),
            // Numeric libraries would start a thread for each processor of the machine, to wait for one another on those that the model has.
            ["OMP_NUM_THREADS"] = Processors.ToString(CultureInfo.InvariantCulture),
        };
        if (HasNetwork)
            variables["MODEL_NETWORK"] = "1";
        if (Packages is not null)
            variables["PYTHONPATH"] = SandboxedProgram.PackagesFolder;
        return variables;
    }
}

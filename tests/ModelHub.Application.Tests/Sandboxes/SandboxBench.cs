using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Sandboxes;
using ModelHub.Engine.Data;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.Sandboxes;

/// <summary>Models in real sandboxes, started by whoever runs the tests or, where that is root, by an ordinary user as well.</summary>
public sealed class SandboxBench : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mh-test-");

    public SandboxBench()
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Folder, File.GetUnixFileMode(Folder) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    }

    public static Table Rows { get; } = new([new NumericColumn("a", ColumnKind.Numeric, [1, 2, 3])], 3);

    /// <summary>Who starts sandboxes: the tests' own user, and nobody where root can become that.</summary>
    public static TheoryData<string> Users => Environment.IsPrivilegedProcess ? new("self", "nobody") : new("self");

    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    internal static BubblewrapSandbox Sandbox(string user) => new(new ProcessLauncher(), TimeProvider.System)
    {
        Starter = user == "nobody" ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "prlimit"] : ["prlimit"],
    };

    /// <summary>A server of one custom.py.</summary>
    internal ModelServer Serve(string hooks, string user = "self", long memory = 512 << 20, Action<BoundedLog>? logged = null) =>
        Serve(Program(memory, ("custom.py", hooks)), user, logged);

    internal ModelServer Serve(ModelProgram program, string user, Action<BoundedLog>? logged = null) =>
        new(Sandbox(user), program, Resource("host.py"), TimeProvider.System) { Logged = logged };

    internal ModelProgram Program(long memory, params (string Path, string Text)[] files)
    {
        var places = new List<(string, string)>();
        foreach (var (path, text) in files)
        {
            var place = Path.Combine(Folder, Guid.NewGuid().ToString("N"));
            File.WriteAllText(place, text);
            places.Add((path, place));
        }
        return new ModelProgram
        {
            Files = places, TargetType = TargetType.Regression, Memory = memory, Request = TimeSpan.FromSeconds(5), StartUp = TimeSpan.FromSeconds(30),
            Target = new CustomModelTarget { Name = "y" },
        };
    }

    internal string Resource(string name)
    {
        var path = Path.Combine(Folder, name);
        using var source = typeof(ModelServer).Assembly.GetManifestResourceStream(name)!;
        using var file = File.Create(path);
        source.CopyTo(file);
        return path;
    }
}

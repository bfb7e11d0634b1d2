using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Infrastructure.Containers;

/// <summary>
/// Sandboxes as containers of an engine: no network, a root that cannot be written to, a user that nobody else is, no capabilities, bounds of
/// memory, processes and processors by the kernel's control groups. What it prints goes through the hub's own bounded log, not the engine's.
/// </summary>
internal sealed class ContainerSandbox(EngineSocket engine, ContainerEngine images, ContainerOwner owner) : IDisposable
{
    private const string NobodyElse = "64999:64999";
    private const long MostTemporary = 512L << 20;
    private const long MostShared = 64L << 20;
    private const string Lifeline = "/opt/lifeline.py";
    private readonly ConcurrentDictionary<string, string> _loaded = new(StringComparer.Ordinal);
    private readonly Lazy<string> _lifeline = new(WriteLifeline);

    public async Task<ISandboxedProcess> StartAsync(SandboxedProgram program, CancellationToken cancellation)
    {
        var image = program.Image!;
        await engine.RequireAsync(cancellation);
        string id;
        try
        {
            id = await CreateAsync(program, _loaded.GetValueOrDefault(image.Id, image.Id), cancellation);
        }
        catch (ModelHubException unknown) when (unknown.Kind == ErrorKind.NotFound && image.Archive is not null)
        {
            // The engine forgot it, or this is another machine than the one that built it.
            await using var archive = new FileStream(image.Archive, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            _loaded[image.Id] = await images.LoadAsync(archive, _ => { }, cancellation);
            id = await CreateAsync(program, _loaded[image.Id], cancellation);
        }
        var process = new ContainerProcess(engine, id, program.HasPipes, program.Memory);
        try
        {
            await process.StartAsync(cancellation);
            return process;
        }
        catch (ModelHubException refused)
        {
            await process.DisposeAsync();
            throw refused.Kind == ErrorKind.Unavailable ? refused : NotStarted(program, refused.Message);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public void Dispose()
    {
        if (_lifeline.IsValueCreated)
            Directory.Delete(Path.GetDirectoryName(_lifeline.Value)!, recursive: true);
    }

    private async Task<string> CreateAsync(SandboxedProgram program, string image, CancellationToken cancellation)
    {
        using var answer = await engine.SendAsync(HttpMethod.Post, "/containers/create", JsonContent.Create(Wish(program, image)), cancellation);
        using var made = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
        return made.RootElement.GetProperty("Id").GetString()!;
    }

    private Dictionary<string, object> Wish(SandboxedProgram program, string image)
    {
        static object Mount(string source, string target) => new { Type = "bind", Source = source, Target = target, ReadOnly = true };
        List<object> mounts = [Mount(_lifeline.Value, Lifeline), .. program.Files.Select(f => Mount(f.Source, f.Path))];
        if (program.Packages is { } packages)
            mounts.Add(Mount(packages, SandboxedProgram.PackagesFolder));
        var temporary = $"rw,nosuid,nodev,mode=1777,size={Math.Min(MostTemporary, program.Memory)}";
        return new Dictionary<string, object>
        {
            ["Image"] = image,
            ["Entrypoint"] = (string[])["/usr/bin/env", "python3", "-I", "-S", Lifeline],
            ["Cmd"] = program.Command,
            // What an image is found by (conda's folder, say) is its own affair.
            ["Env"] = program.Environment.Where(e => e.Key != "PATH").Select(e => $"{e.Key}={e.Value}"),
            ["User"] = NobodyElse,
            ["WorkingDir"] = "/tmp",
            ["Hostname"] = "model",
            ["OpenStdin"] = true,
            ["StdinOnce"] = true,
            ["AttachStdin"] = true,
            ["AttachStdout"] = true,
            ["AttachStderr"] = true,
            ["Labels"] = new Dictionary<string, string> { [ContainerOwner.Label] = owner.Name },
            ["HostConfig"] = new
            {
                NetworkMode = program.HasNetwork ? "bridge" : "none",
                program.Memory,
                MemorySwap = program.Memory,
                PidsLimit = program.Processes,
                NanoCpus = program.Processors * 1_000_000_000L,
                ReadonlyRootfs = true,
                Privileged = false,
                CapDrop = new[] { "ALL" },
                SecurityOpt = new[] { "no-new-privileges" },
                IpcMode = "private",
                ShmSize = MostShared,
                Tmpfs = new Dictionary<string, string> { ["/tmp"] = temporary },
                Mounts = mounts,
                LogConfig = new { Type = "none" },
                // Both bounds of number have to be told: an engine without the right to raise limits fails at those that it would choose itself.
                Ulimits = new[] { Bound("nofile", 1024), Bound("nproc", 4096), Bound("core", 0), Bound("fsize", MostTemporary) },
            },
        };
    }

    private static object Bound(string name, long most) => new { Name = name, Soft = most, Hard = most };

    /// <summary>The engine's own words, with the places that files have on this machine taken out of them.</summary>
    private static ModelHubException NotStarted(SandboxedProgram program, string message)
    {
        foreach (var (path, source) in program.Files)
            message = message.Replace(source, path, StringComparison.Ordinal);
        return new ModelHubException(
            ErrorKind.WrongState, "not_runnable",
            $"The environment's image does not run here: {message.Trim()} (an image needs /usr/bin/env and python3 3.8 or later for the hub's runner).");
    }

    private static string WriteLifeline()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("mh-").FullName, "lifeline.py");
        using var source = typeof(ContainerSandbox).Assembly.GetManifestResourceStream("lifeline.py")!;
        using var file = File.Create(path);
        source.CopyTo(file);
        return path;
    }
}

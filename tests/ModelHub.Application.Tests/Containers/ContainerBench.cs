using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Tests.Sandboxes;
using ModelHub.Infrastructure;
using ModelHub.Infrastructure.Containers;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.Containers;

/// <summary>A container engine that answers, an image with Python, and a data folder whose process owns what is started.</summary>
public sealed class ContainerBench : IAsyncLifetime
{
    private static readonly string Base = Environment.GetEnvironmentVariable("MODELHUB_TEST_IMAGE") ?? "";
    private readonly SandboxBench _bench = new();
    private readonly ProcessLauncher _launcher = new();
    private readonly EngineSocket _engine;
    private readonly ContainerEngine _images;
    private readonly ContainerOwner _owner;
    private readonly ContainerSandbox _containers;
    private readonly HashSet<string> _named = [];

    public ContainerBench()
    {
        _engine = new EngineSocket(_launcher, ContainerOptions.FromEnvironment());
        var options = new InfrastructureOptions { ConnectionString = "", DataFolder = _bench.Folder };
        Names = new ImageNames(options);
        _images = new ContainerEngine(_engine, Names);
        _owner = new ContainerOwner(options);
        _containers = new ContainerSandbox(_engine, _images, _owner);
        Sandbox = new SandboxChoice(new BubblewrapSandbox(_launcher, TimeProvider.System), _containers);
    }

    public static string? Missing => Base.Length > 0 ? null
        : "MODELHUB_TEST_IMAGE names no base image of a container engine: .ci/base-image makes one where Podman is installed (apt-get install podman).";

    /// <summary>The base image with a file of its own on top, as the engine calls it.</summary>
    public string Image { get; private set; } = "";

    internal EngineSocket Engine => _engine;

    internal ImageNames Names { get; }

    internal ContainerEngine Images => _images;

    internal ContainerOwner Owner => _owner;

    internal SandboxChoice Sandbox { get; }

    public string Folder => _bench.Folder;

    public static MemoryStream Context(string dockerfile, params (string Path, string Text)[] files)
    {
        var packed = new MemoryStream();
        using (var tar = new TarWriter(packed, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (path, text) in files.Prepend(("Dockerfile", dockerfile)))
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        }
        packed.Position = 0;
        return packed;
    }

    public async Task InitializeAsync()
    {
        if (Missing is null)
            Image = await _images.BuildAsync(Context($"FROM {Base}\nCOPY own.py /opt/environment/own.py\n", ("own.py", "VALUE = 40.0\n")), _ => { }, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        if (Missing is null)
        {
            foreach (var name in (await _images.OwnAsync(CancellationToken.None)).Keys.Concat(_named))
                await _images.ForgetAsync(name, CancellationToken.None);
        }
        _containers.Dispose();
        _owner.Dispose();
        _engine.Dispose();
        _bench.Dispose();
    }

    /// <summary>Gives an image a name, until the tests end.</summary>
    internal async Task NameAsync(string image, string name)
    {
        _named.Add(name);
        var parts = name.Split(':');
        (await _engine.SendAsync(HttpMethod.Post, $"/images/{image}/tag?repo={parts[0]}&tag={parts[1]}", null, CancellationToken.None)).Dispose();
    }

    internal ModelProgram Program(params (string Path, string Text)[] files) => _bench.Program(256 << 20, files) with { Image = new SandboxImage(Image, null) };

    internal ModelServer Serve(ModelProgram program, Action<BoundedLog>? logged = null) =>
        new(Sandbox, program, _bench.Resource("host.py"), TimeProvider.System) { Logged = logged };

    /// <summary>The hub's runner as a file.</summary>
    internal string Host => _bench.Resource("host.py");

    internal ModelServer Serve(string hooks) => Serve(Program(("custom.py", hooks)));

    /// <summary>Ids of the containers that bear a name.</summary>
    internal async Task<List<string>> ContainersAsync(string owner)
    {
        var filters = Uri.EscapeDataString($$"""{"label":["{{ContainerOwner.Label}}={{owner}}"]}""");
        using var answer = await _engine.SendAsync(HttpMethod.Get, "/containers/json?all=1&filters=" + filters, null, CancellationToken.None);
        using var found = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return [.. found.RootElement.EnumerateArray().Select(c => c.GetProperty("Id").GetString()!)];
    }

    internal async Task GoneAsync(string owner)
    {
        for (var i = 0; (await ContainersAsync(owner)).Count > 0; i++)
        {
            Assert.True(i < 200, "A container is still there.");
            await Task.Delay(50);
        }
    }
}

[CollectionDefinition("containers")]
public sealed class ContainerCollection : ICollectionFixture<ContainerBench>;

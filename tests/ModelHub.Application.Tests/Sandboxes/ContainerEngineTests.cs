using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Infrastructure.Containers;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.Sandboxes;

/// <summary>How container engines are spoken to: a script stands in for one and notes what it is asked.</summary>
public sealed class ContainerEngineTests : IDisposable
{
    private const string Script = """
        #!/bin/sh
        echo "$@" >> "$0.calls"
        case "$1" in
            info) exit 0 ;;
            build) cat > "$0.context"; echo "STEP 1/2: FROM scratch"; [ ! -e "$0.broken" ] || { echo "no such instruction" >&2; exit 125; } ;;
            load) cat > "$0.image"; echo "Loaded image: localhost/loaded:1" ;;
            save) printf 'saved bytes' ;;
            image) echo "sha256:0123" ;;
        esac
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mh-test-");
    private readonly string _script;

    public ContainerEngineTests()
    {
        _script = Path.Combine(_folder.FullName, "engine");
        File.WriteAllText(_script, Script);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Builds_have_no_network_and_give_the_image_s_id_and_their_log()
    {
        var (engine, log) = (Engine(_script), new List<string>());
        Assert.Equal("sha256:0123", await engine.BuildAsync(new MemoryStream("context"u8.ToArray()), log.Add, CancellationToken.None));
        Assert.Equal("context", await File.ReadAllTextAsync(_script + ".context"));
        Assert.Contains("STEP 1/2: FROM scratch", log);
        Assert.Contains("--network none", await File.ReadAllTextAsync(_script + ".calls"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(_script + ".broken", "");
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => engine.BuildAsync(Stream.Null, log.Add, CancellationToken.None));
        Assert.Contains("no such instruction", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Images_go_in_and_come_out()
    {
        var engine = Engine(_script);
        Assert.Equal("sha256:0123", await engine.LoadAsync(new MemoryStream("image"u8.ToArray()), _ => { }, CancellationToken.None));
        Assert.Equal("image", await File.ReadAllTextAsync(_script + ".image"));
        using var saved = new MemoryStream();
        await engine.SaveAsync("sha256:0123", saved, CancellationToken.None);
        Assert.Equal("saved bytes"u8.ToArray(), saved.ToArray());
    }

    [Fact]
    public async Task Without_an_engine_the_refusal_says_what_was_tried()
    {
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => Engine("engine-that-is-not-here").RequireAsync(CancellationToken.None));
        Assert.Equal((ErrorKind.Unavailable, "container_engine_missing"), (refusal.Kind, refusal.Code));
        Assert.Contains("engine-that-is-not-here is not installed", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("registry.example.test/team/image:1", true)]
    [InlineData("registry.example.test:5000/team/image", false)]
    [InlineData("python:3", false)]
    [InlineData("127.0.0.1/image", false)]
    [InlineData("registry.example.test/../image", false)]
    [InlineData("--privileged", false)]
    [InlineData("registry.example.test/Image", false)]
    [InlineData("http://registry.example.test/image", false)]
    public void Images_come_from_registries_that_are_allowed(string address, bool allowed)
    {
        var addresses = new ImageAddress(["registry.example.test"]);
        if (allowed)
            Assert.Equal(address, addresses.Check(address));
        else
            Assert.Throws<ModelHubException>(() => addresses.Check(address));
    }

    private static ContainerEngine Engine(string program) => new(new ProcessLauncher(), new ContainerOptions { Programs = [program] });
}

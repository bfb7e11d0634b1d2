using System.Formats.Tar;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Tests.Sandboxes;
using ModelHub.Infrastructure;
using ModelHub.Infrastructure.Containers;
using ModelHub.Infrastructure.Sandboxes;
using ModelHub.Tests.Shared;

namespace ModelHub.Application.Tests.Containers;

/// <summary>Images: built, saved, loaded, refused.</summary>
[Collection("containers")]
public sealed class ContainerEngineTests(ContainerBench bench)
{
    [ContainerFact]
    public async Task Builds_tell_what_they_do_have_no_network_and_say_why_they_fail()
    {
        var log = new List<string>();
        var image = await bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nCOPY a /a\n", ("a", "1")), log.Add, CancellationToken.None);
        Assert.True(await bench.Images.HasAsync(image, CancellationToken.None));
        Assert.Contains(log, l => l.Contains("COPY a /a", StringComparison.Ordinal));
        var offline = $"FROM {bench.Image}\nRUN [\"python3\", \"-c\", \"import socket; socket.create_connection(('1.1.1.1', 53), 2)\"]\n";
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => bench.Images.BuildAsync(ContainerBench.Context(offline), log.Add, CancellationToken.None));
        Assert.Equal((ErrorKind.Invalid, "build_failed"), (failure.Kind, failure.Code));
        Assert.Contains(log, l => l.Contains("unreachable", StringComparison.Ordinal));
        Assert.Contains("NONSENSE", (await Assert.ThrowsAsync<ModelHubException>(
            () => bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nNONSENSE x\n"), log.Add, CancellationToken.None))).Message, StringComparison.OrdinalIgnoreCase);
    }

    [ContainerFact]
    public async Task A_build_that_is_stopped_is_waited_for_no_longer()
    {
        // X12
        var (started, marker) = (new TaskCompletionSource(), Guid.NewGuid().ToString("N"));
        using var stop = new CancellationTokenSource();
        void Hear(string line)
        {
            if (line == "begun")
                started.TrySetResult();
        }
        var build = bench.Images.BuildAsync(ContainerBench.Context(Sleeper(marker)), Hear, stop.Token);
        await Task.WhenAny(started.Task, build);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => build);
        await Processes.GoneAsync(marker);
    }

    [ContainerFact]
    public async Task A_build_that_takes_too_long_is_refused_and_leaves_nothing()
    {
        // X12
        var marker = Guid.NewGuid().ToString("N");
        var engine = new ContainerEngine(bench.Engine, bench.Names) { Longest = TimeSpan.FromSeconds(3) };
        var before = (await bench.Images.OwnAsync(CancellationToken.None)).Count;
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => engine.BuildAsync(ContainerBench.Context(Sleeper(marker)), _ => { }, CancellationToken.None));
        Assert.Equal("build_failed", refusal.Code);
        Assert.Contains("took longer than", refusal.Message, StringComparison.Ordinal);
        await Processes.GoneAsync(marker);
        Assert.Equal(before, (await bench.Images.OwnAsync(CancellationToken.None)).Count);
    }

    [ContainerFact]
    public async Task A_build_may_say_much_but_little_of_it_is_kept()
    {
        // X12
        var log = new BoundedLog();
        var loud = $"FROM {bench.Image}\nRUN [\"python3\", \"-c\", \"for i in range(200000): print('x' * 100)\"]\n";
        await bench.Images.BuildAsync(ContainerBench.Context(loud), log.Add, CancellationToken.None);
        Assert.InRange(log.ToString().Length, 1 << 16, BoundedLog.MostCharacters + 100);
    }

    [ContainerTheory]
    [InlineData("import time; open('/big', 'wb').write(bytes(80 << 20)); time.sleep(600)")]
    [InlineData("open('/big', 'wb').write(bytes(80 << 20))")]
    public async Task A_build_that_takes_too_much_disk_is_refused_and_leaves_nothing(string code)
    {
        // X12: while it goes on, or by what came of it.
        var engine = new ContainerEngine(bench.Engine, bench.Names) { MostBytes = 40L << 20 };
        var before = (await bench.Images.OwnAsync(CancellationToken.None)).Count;
        var huge = $"FROM scratch\nCOPY --from={bench.Image} / /\nRUN [\"python3\", \"-c\", \"{code}\"]\n";
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => engine.BuildAsync(ContainerBench.Context(huge), _ => { }, CancellationToken.None));
        Assert.Contains("40 MiB of disk", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, (await bench.Images.OwnAsync(CancellationToken.None)).Count);
    }

    [ContainerFact]
    public async Task A_name_that_is_forgotten_takes_its_image_along()
    {
        var image = await bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nCOPY a /a\n", ("a", Guid.NewGuid().ToString())), _ => { }, CancellationToken.None);
        var name = (await bench.Images.OwnAsync(CancellationToken.None)).Single(i => i.Value == image).Key;
        Assert.False(new ImageNames(new InfrastructureOptions { ConnectionString = "", DataFolder = Path.Combine(bench.Folder, "another") }).IsOwn(name));
        Assert.True(await bench.Images.ForgetAsync(name, CancellationToken.None));
        Assert.False(await bench.Images.HasAsync(image, CancellationToken.None));
        Assert.False(await bench.Images.ForgetAsync(name, CancellationToken.None));
    }

    [ContainerFact]
    public async Task An_image_that_the_engine_forgot_is_loaded_from_its_archive()
    {
        var image = await bench.Images.BuildAsync(
            ContainerBench.Context($"FROM {bench.Image}\nCOPY a /opt/environment/mark\n", ("a", Guid.NewGuid().ToString())), _ => { }, CancellationToken.None);
        var archive = Path.Combine(bench.Folder, Guid.NewGuid().ToString("N"));
        await using (var file = File.Create(archive))
            await bench.Images.SaveAsync(image, file, CancellationToken.None);
        (await bench.Engine.SendAsync(HttpMethod.Delete, $"/images/{image}?force=1", null, CancellationToken.None)).Dispose();
        Assert.False(await bench.Images.HasAsync(image, CancellationToken.None));
        var program = bench.Program(("custom.py", "import os\ndef score(data, model, **kw):\n    return [float(os.path.exists('/opt/environment/mark'))] * 3\n"));
        await using var server = bench.Serve(program with { Image = new SandboxImage(image, archive) });
        Assert.Equal((double[])[1, 1, 1], await server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [ContainerFact]
    public async Task A_loaded_image_takes_no_name_from_another()
    {
        const string Coveted = "localhost/modelhub-test-coveted:1";
        var own = await bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nCOPY a /a\n", ("a", "own")), _ => { }, CancellationToken.None);
        var other = await bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nCOPY a /a\n", ("a", "other")), _ => { }, CancellationToken.None);
        await bench.NameAsync(other, Coveted);
        using var saved = new MemoryStream();
        await bench.Images.SaveAsync(Coveted, saved, CancellationToken.None);
        await bench.NameAsync(own, Coveted);
        saved.Position = 0;
        Assert.Equal(other, await bench.Images.LoadAsync(saved, _ => { }, CancellationToken.None));
        using var answer = await bench.Engine.SendAsync(HttpMethod.Get, $"/images/{Coveted}/json", null, CancellationToken.None);
        Assert.Contains(own, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [ContainerFact]
    public async Task An_archive_with_several_names_leaves_none_of_them_behind()
    {
        const string Coveted = "localhost/modelhub-test-wanted:1";
        const string New = "localhost/modelhub-test-new:1";
        var own = await bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nCOPY a /a\n", ("a", "mine")), _ => { }, CancellationToken.None);
        var other = await bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nCOPY a /a\n", ("a", "theirs")), _ => { }, CancellationToken.None);
        using var saved = new MemoryStream();
        await bench.Images.SaveAsync(other, saved, CancellationToken.None);
        await bench.NameAsync(own, Coveted);
        Assert.Equal(other, await bench.Images.LoadAsync(Named(saved, Coveted, New), _ => { }, CancellationToken.None));
        using var answer = await bench.Engine.SendAsync(HttpMethod.Get, $"/images/{Coveted}/json", null, CancellationToken.None);
        Assert.Contains(own, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(await bench.Images.HasAsync(New, CancellationToken.None));
    }

    [ContainerFact]
    public async Task An_image_without_Python_is_refused_with_what_it_lacks()
    {
        var image = await bench.Images.BuildAsync(ContainerBench.Context("FROM scratch\nCOPY a /a\n", ("a", "1")), _ => { }, CancellationToken.None);
        await using var server = bench.Serve(bench.Program(("custom.py", "")) with { Image = new SandboxImage(image, null) });
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => server.WarmAsync(CancellationToken.None));
        Assert.Contains("python3", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(bench.Folder, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_engine_the_refusal_says_what_was_tried_and_what_to_install()
    {
        // X11
        var socket = Path.Combine(Path.GetTempPath(), "engine-that-is-not-here.sock");
        using var engine = new EngineSocket(new ProcessLauncher(), new ContainerOptions { Sockets = [socket], Podman = "podman-is-not-here" });
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => new ContainerEngine(engine, bench.Names).RequireAsync(CancellationToken.None));
        Assert.Equal((ErrorKind.Unavailable, "container_engine_missing"), (refusal.Kind, refusal.Code));
        Assert.Contains("podman-is-not-here", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install podman", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"MemoryLimit\":true,\"Rootless\":true,\"CgroupVersion\":\"1\"}")]
    [InlineData("{\"MemoryLimit\":false,\"CgroupVersion\":\"2\"}")]
    public async Task An_engine_that_cannot_bound_memory_is_not_used(string info)
    {
        // X2, X11: it would take a bound, and not hold it.
        var path = Path.Combine(Directory.CreateTempSubdirectory("mh-test-").FullName, "engine.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var answering = Task.Run(async () =>
        {
            for (var i = 0; i < 2; i++)
            {
                using var asked = await listener.AcceptAsync();
                await asked.ReceiveAsync(new byte[4096]);
                await asked.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {info.Length}\r\nConnection: close\r\n\r\n{info}"));
            }
        });
        using var engine = new EngineSocket(new ProcessLauncher(), new ContainerOptions { Sockets = [path] });
        var refusal = await Assert.ThrowsAsync<ModelHubException>(() => engine.RequireAsync(CancellationToken.None));
        Assert.Contains("cannot bound memory", refusal.Message, StringComparison.Ordinal);
        await answering;
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
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

    /// <summary>A saved image whose manifest says other names.</summary>
    private static MemoryStream Named(MemoryStream saved, params string[] names)
    {
        saved.Position = 0;
        var renamed = new MemoryStream();
        using (var from = new TarReader(saved, leaveOpen: true))
        using (var to = new TarWriter(renamed, TarEntryFormat.Pax, leaveOpen: true))
        {
            while (from.GetNextEntry(copyData: true) is { } entry)
            {
                if (entry.Name == "manifest.json")
                {
                    var manifest = JsonNode.Parse(entry.DataStream!)!;
                    manifest[0]!["RepoTags"] = new JsonArray([.. names.Select(n => JsonValue.Create(n))]);
                    entry = new PaxTarEntry(TarEntryType.RegularFile, entry.Name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(manifest.ToJsonString())) };
                }
                to.WriteEntry(entry);
            }
        }
        renamed.Position = 0;
        return renamed;
    }

    /// <summary>A Dockerfile whose line does not end.</summary>
    private string Sleeper(string marker) => $"FROM {bench.Image}\nRUN [\"python3\", \"-u\", \"-c\", \"import time; print('begun'); time.sleep(600)\", \"{marker}\"]\n";
}

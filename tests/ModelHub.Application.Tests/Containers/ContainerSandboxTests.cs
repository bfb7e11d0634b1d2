using System.Net.Http.Json;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Tests.Sandboxes;
using ModelHub.Engine.Data;
using ModelHub.Infrastructure;
using ModelHub.Infrastructure.Containers;

namespace ModelHub.Application.Tests.Containers;

/// <summary>Models in real containers: what they can do, what they cannot, and what is left of them.</summary>
[Collection("containers")]
public sealed class ContainerSandboxTests(ContainerBench bench)
{
    [ContainerFact]
    public async Task Hooks_answer_with_what_their_environment_has()
    {
        var log = new BoundedLog();
        var program = bench.Program(("custom.py", "import sys\nsys.path.append('/opt/environment')\nimport own\nprint('loaded here')\ndef score(data, model, **kw):\n    return [own.VALUE + a for a in data['a']]\n"));
        await using var server = bench.Serve(program, found => log = found);
        Assert.Equal((double[])[41, 42, 43], await server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
        Assert.Contains("loaded here", log.ToString(), StringComparison.Ordinal);
    }

    [ContainerFact]
    public async Task A_server_of_its_own_answers_long_requests_too()
    {
        await using var server = bench.Serve(bench.Program(SandboxBench.OwnServer));
        var many = new Table([new NumericColumn("a", ColumnKind.Numeric, [.. Enumerable.Range(0, 200_000).Select(i => (double)i)])], 200_000);
        var answers = await server.PredictAsync(many, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 200_000).Select(i => 2.0 * i), answers);
    }

    [ContainerFact]
    public async Task Every_wall_holds()
    {
        // X4, X5, X6: each attempt that succeeds is named in the failure.
        var probe = SandboxBench.Probe(
            """
            for place in ("/x", "/usr/x", "/etc/x", "/opt/x", "/opt/model/x", "/opt/host.py", "/opt/lifeline.py", "/proc/sys/kernel/core_pattern", "/sys/x"):
                attempt("write " + place, lambda: open(place, "a").close())
            for place in ("/etc/shadow", "/root", "/work", "/run/docker.sock", "/var/run/docker.sock", "/data"):
                attempt("see " + place, lambda: os.path.exists(place) and bool(os.listdir(place) if os.path.isdir(place) else open(place).read()))
            for address in (("127.0.0.1", 5432), ("169.254.169.254", 80), ("1.1.1.1", 53), ("10.88.0.1", 80)):
                attempt("connect %s:%s" % address, lambda: socket.create_connection(address, 1))
            attempt("resolve", lambda: socket.getaddrinfo("example.com", 80))
            attempt("root", lambda: os.getuid() == 0)
            open("/tmp/mine", "w").write("x")
            open("/dev/shm/mine", "w").write("x")
            """);
        await using var server = bench.Serve(probe);
        Assert.Equal((double[])[0, 0, 0], await server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [ContainerTheory]
    [InlineData("memory", "b = bytearray(1 << 30)\n    for i in range(0, 1 << 30, 4096): b[i] = 1")]
    [InlineData("No space left|memory", "file = open('/tmp/big', 'wb')\n    for _ in range(300): file.write(bytes(1 << 20))")]
    [InlineData("did not answer within", "while True: pass")]
    [InlineData("exit code 7", "import os\n    os._exit(7)")]
    [InlineData("KeyError", "raise KeyError('the column')")]
    [InlineData("something else|pipes|exit code", "import os\n    for fd in range(3, 9):\n        try: os.write(fd, b'junk' * 9)\n        except OSError: pass\n    return 3")]
    public async Task What_goes_wrong_is_told(string why, string code)
    {
        var program = bench.Program(("custom.py", $"def score(data, model, **kw):\n    {code}\n    return [0.0] * 3\n"));
        // One that hangs is waited for briefly, all others as long as a busy machine takes.
        await using var server = bench.Serve(program with { Request = TimeSpan.FromSeconds(why == "did not answer within" ? 2 : 30) });
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
        Assert.Matches(why, failure.Message);
        Assert.DoesNotContain(bench.Folder, failure.Message, StringComparison.Ordinal);
    }

    [ContainerFact]
    public async Task A_fork_bomb_harms_nobody_else()
    {
        await using var neighbour = bench.Serve("def score(data, model, **kw):\n    return data['a']\n");
        await neighbour.WarmAsync(CancellationToken.None);
        await using var bomb = bench.Serve("import os, time\ndef score(data, model, **kw):\n    while True:\n        if os.fork() == 0: time.sleep(1000)\n");
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => bomb.PredictAsync(SandboxBench.Rows, CancellationToken.None));
        Assert.Matches("unavailable|memory|did not answer", failure.Message);
        Assert.Equal((double[])[1, 2, 3], await neighbour.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [ContainerFact]
    public async Task Bounds_are_the_kernel_s()
    {
        const string Look = """
            def read(*places):
                for place in places:
                    try: return open("/sys/fs/cgroup/" + place).read().split()
                    except OSError: pass
                return ["0"]
            def score(data, model, **kw):
                quota, period = (read("cpu/cpu.cfs_quota_us", "cpu.max") + read("cpu/cpu.cfs_period_us", "cpu.max")[-1:])[:2]
                return [float(read("memory/memory.limit_in_bytes", "memory.max")[0]), float(read("pids/pids.max", "pids.max")[0]), float(quota) / float(period)]
            """;
        await using var server = bench.Serve(Look);
        Assert.Equal((double[])[256 << 20, 256, 1], await server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [ContainerFact]
    public async Task What_has_the_network_has_a_way_out_and_what_has_not_only_itself()
    {
        const string Look = "def score(data, model, **kw):\n    routes = open('/proc/net/route').read().splitlines()[1:]\n    return [float(any(r.split()[1] == '00000000' for r in routes))] * 3\n";
        var program = bench.Program(("custom.py", Look));
        await using var closed = bench.Serve(program);
        Assert.Equal((double[])[0, 0, 0], await closed.PredictAsync(SandboxBench.Rows, CancellationToken.None));
        await using var open = bench.Serve(program with { HasNetwork = true });
        Assert.Equal((double[])[1, 1, 1], await open.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [ContainerFact]
    public async Task Nothing_is_left_of_what_was_stopped()
    {
        await using (var server = bench.Serve("def score(data, model, **kw):\n    return data['a']\n"))
        {
            await server.WarmAsync(CancellationToken.None);
            Assert.NotEmpty(await bench.ContainersAsync(bench.Owner.Name));
        }
        await bench.GoneAsync(bench.Owner.Name);
    }

    [ContainerFact]
    public async Task What_a_killed_hub_leaves_ends_by_itself()
    {
        // X3: the dead process is played by an engine's connection that is cut, and a lock that nobody holds.
        var data = new InfrastructureOptions { ConnectionString = "", DataFolder = Path.Combine(bench.Folder, "killed") };
        var engine = new EngineSocket(new Infrastructure.Sandboxes.ProcessLauncher(), ContainerOptions.FromEnvironment());
        var owner = new ContainerOwner(data);
        var name = owner.Name;
        var stubborn = bench.Program(("custom.py", "import signal\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ndef score(data, model, **kw):\n    while True: pass\n"));
        using var sandbox = new ContainerSandbox(engine, bench.Images, owner);
        await using var process = await sandbox.StartAsync(stubborn.Sandboxed(bench.Host), CancellationToken.None);
        Assert.Single(await bench.ContainersAsync(name));
        using var sweep = new ContainerSweep(bench.Engine, new ContainerOwner(data), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ContainerSweep>.Instance);
        Assert.Equal(0, await sweep.SweepAsync(CancellationToken.None));
        process.Input.Dispose();
        Assert.NotEqual(0, await process.Exited);
        await bench.GoneAsync(name);
        owner.Dispose();
        engine.Dispose();
    }

    [ContainerFact]
    public async Task Containers_of_a_process_that_is_no_more_are_swept_and_others_are_not()
    {
        var data = new InfrastructureOptions { ConnectionString = "", DataFolder = Path.Combine(bench.Folder, "swept") };
        var dead = Guid.NewGuid().ToString("N");
        using var alive = new ContainerOwner(data);
        foreach (var name in new[] { dead, alive.Name })
        {
            using var content = JsonContent.Create(new
            {
                bench.Image, Cmd = new[] { "sleep", "600" }, Labels = new Dictionary<string, string> { [ContainerOwner.Label] = name },
                HostConfig = new { NetworkMode = "none" },
            });
            (await bench.Engine.SendAsync(HttpMethod.Post, "/containers/create", content, CancellationToken.None)).Dispose();
        }
        await File.WriteAllTextAsync(Path.Combine(data.DataFolder, "containers", dead), "");
        using var sweep = new ContainerSweep(bench.Engine, alive, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ContainerSweep>.Instance);
        Assert.Equal(1, await sweep.SweepAsync(CancellationToken.None));
        Assert.Empty(await bench.ContainersAsync(dead));
        Assert.Equal(0, await sweep.SweepAsync(CancellationToken.None));
        var kept = Assert.Single(await bench.ContainersAsync(alive.Name));
        (await bench.Engine.SendAsync(HttpMethod.Delete, $"/containers/{kept}?force=1", null, CancellationToken.None)).Dispose();
    }

    [ContainerFact]
    public async Task Packages_and_conversions_are_made_in_the_environment_too()
    {
        var store = new Infrastructure.Artifacts.LocalArtifactStore(Path.Combine(bench.Folder, "store"));
        var program = bench.Program(("p.py", "import os, sys\nsys.path.append('/opt/environment')\nimport own\nopen(os.environ['OUTPUT_DIR'] + '/made.txt', 'w').write(str(own.VALUE))\n"));
        var done = await new Workshop(bench.Sandbox, store).RunAsync(program, ["convert", "p.py"], _ => { }, CancellationToken.None);
        Assert.True(done.Files is not null, done.Failure);
    }
}

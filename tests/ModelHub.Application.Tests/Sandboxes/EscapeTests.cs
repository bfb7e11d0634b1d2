using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Infrastructure.Sandboxes;
using ModelHub.Tests.Shared;

namespace ModelHub.Application.Tests.Sandboxes;

/// <summary>What code of strangers tries (group X of the reliability cases), as root and as an ordinary user.</summary>
public sealed class EscapeTests : IDisposable
{
    private readonly SandboxBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [MemberData(nameof(SandboxBench.Users), MemberType = typeof(SandboxBench))]
    public async Task Every_wall_holds(string user)
    {
        // X4, X5, X6: each attempt that succeeds is named in the failure.
        var probe = SandboxBench.Probe(
            """
            for place in ("/x", "/usr/x", "/etc/x", "/opt/x", "/opt/model/x", "/opt/host.py", "/proc/sys/kernel/core_pattern", "/sys/x"):
                attempt("write " + place, lambda: open(place, "a").close())
            for place in ("/etc/shadow", "/etc/passwd", "/root", "/home", "/work", "/var", "/run", "/tmp/modelhub", "/data"):
                attempt("see " + place, lambda: os.path.exists(place) and bool(os.listdir(place) if os.path.isdir(place) else open(place).read()))
            for address in (("127.0.0.1", 5432), ("127.0.0.1", 5209), ("169.254.169.254", 80), ("1.1.1.1", 53), ("10.0.0.1", 80)):
                attempt("connect %s:%s" % address, lambda: socket.create_connection(address, 1))
            attempt("resolve", lambda: socket.getaddrinfo("example.com", 80))
            for name in ("\0/tmp/.X11-unix/X0", "\0dbus", "/run/docker.sock", "/var/run/postgresql/.s.PGSQL.5432"):
                attempt("unix " + name, lambda: socket.socket(socket.AF_UNIX).connect(name))
            attempt("setns", lambda: any(libc.setns(os.open("/proc/1/ns/" + n, os.O_RDONLY), 0) == 0 for n in ("mnt", "net", "pid")))
            attempt("io_uring", lambda: libc.syscall(425, 8, ctypes.create_string_buffer(200)) >= 0 and "enabled, but nothing to reach with it" and False)
            attempt("kernel memory", lambda: open("/proc/kcore", "rb").read(1))
            attempt("sysrq", lambda: open("/proc/sysrq-trigger", "w").write("h"))
            attempt("hostname", lambda: libc.sethostname(b"x", 1) == 0)
            attempt("kill", lambda: [os.kill(p, 0) for p in range(200, 40000, 97)] and False)
            attempt("arguments", lambda: b"Host=" in open("/proc/1/cmdline", "rb").read())
            attempt("root of 1", lambda: os.listdir("/proc/1/root/root"))
            """);
        await using var server = _bench.Serve(probe, user);
        Assert.Equal((double[])[0, 0, 0], await server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(SandboxBench.Users), MemberType = typeof(SandboxBench))]
    public async Task Memory_and_processes_are_bounded(string user)
    {
        const string Greedy = "def score(data, model, **kw):\n    b = bytearray(1 << 30)\n    for i in range(0, 1 << 30, 4096): b[i] = 1\n    return [0.0] * 3\n";
        const string Bomb = "import os, time\ndef score(data, model, **kw):\n    while True:\n        if os.fork() == 0: time.sleep(1000)\n";
        await using var eater = _bench.Serve(Greedy, user, 256 << 20);
        Assert.Contains("memory", await FailureAsync(eater), StringComparison.OrdinalIgnoreCase);
        await using var forker = _bench.Serve(Bomb, user, 1 << 30);
        Assert.Matches("processes|memory", await FailureAsync(forker));
    }

    [Fact]
    public async Task Processors_are_bounded()
    {
        // Two processes that burn 1.2 s each: 1.2 s of the clock where there are two processors for them, 2.4 s on one, of which 0.5 s may be taken ahead.
        const string Busy = """
            import os, time
            def score(data, model, **kw):
                start, children = time.monotonic(), []
                for i in range(2):
                    child = os.fork()
                    if child == 0:
                        while time.process_time() < 1.2: pass
                        os._exit(0)
                    children.append(child)
                for child in children: os.waitpid(child, 0)
                return [time.monotonic() - start, float(os.environ["OMP_NUM_THREADS"]), 0.0]
            """;
        var program = _bench.Program(512 << 20, ("custom.py", Busy)) with { Request = TimeSpan.FromSeconds(60) };
        await using var server = _bench.Serve(program, "self");
        var answer = await server.PredictAsync(SandboxBench.Rows, CancellationToken.None);
        Assert.InRange(answer[0], 1.6, double.MaxValue);
        Assert.Equal(1, answer[1]);
    }

    [Theory]
    [MemberData(nameof(SandboxBench.Users), MemberType = typeof(SandboxBench))]
    public async Task Files_in_folders_can_be_read_and_temporary_ones_written(string user)
    {
        const string Code = """
            import os, tempfile
            def score(data, model, **kw):
                import deep.down.tool
                tempfile.TemporaryFile().write(b"x")
                open("/dev/shm/x", "w").write("x")
                os.path.exists("/etc/debian_version") and open("/etc/debian_version")
                return [deep.down.tool.VALUE] * 3
            """;
        var program = _bench.Program(512 << 20, ("custom.py", Code), ("deep/down/tool.py", "VALUE = 4.0\n"));
        await using var server = _bench.Serve(program, user);
        Assert.Equal((double[])[4, 4, 4], await server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [Fact]
    public async Task What_has_the_network_reaches_it_and_what_has_not_does_not()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var code = $"import socket\ndef score(data, model, **kw):\n    socket.create_connection(('127.0.0.1', {port}), 2)\n    return [1.0] * 3\n";
        var program = _bench.Program(512 << 20, ("custom.py", code));
        await using var open = _bench.Serve(program with { HasNetwork = true }, "self");
        Assert.Equal((double[])[1, 1, 1], await open.PredictAsync(SandboxBench.Rows, CancellationToken.None));
        await using var closed = _bench.Serve(program, "self");
        Assert.Contains("refused", await FailureAsync(closed), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_server_with_the_network_has_a_port_of_its_own()
    {
        // Two of them share this machine's ports.
        var program = _bench.Program(512 << 20, SandboxBench.OwnServer) with { HasNetwork = true, Replicas = 2 };
        await using var server = _bench.Serve(program, "self");
        await server.WarmAsync(CancellationToken.None);
        Assert.Equal((double[])[2, 4, 6], await server.PredictAsync(SandboxBench.Rows, CancellationToken.None));
    }

    [Fact]
    public async Task A_flood_of_output_and_a_full_disk_harm_nobody()
    {
        // X2: a hundred megabytes into the log, then more into /tmp than it holds.
        const string Flood = """
            def score(data, model, **kw):
                for _ in range(100): print("x" * (1 << 20), flush=True)
                with open("/tmp/big", "wb") as file:
                    for _ in range(600): file.write(bytes(1 << 20))
                return [0.0] * 3
            """;
        BoundedLog? log = null;
        await using var server = _bench.Serve(Flood, logged: found => log = found);
        Assert.Matches("No space left|File too large|did not answer|memory", await FailureAsync(server));
        Assert.InRange(log!.ToString().Length, 1, BoundedLog.MostCharacters + 100);
    }

    [Fact]
    public async Task No_descendant_outlives_its_sandbox()
    {
        // X3: a daemon that has left its session, its parents gone.
        var marker = "mh-marker-" + Guid.NewGuid().ToString("N");
        var daemon = $$"""
            import os, subprocess, sys
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{{marker}}"], start_new_session=True)
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0: os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{{marker}}"])
                os._exit(0)
            def score(data, model, **kw):
                return [0.0] * 3
            """;
        await using (var server = _bench.Serve(daemon))
        {
            await server.PredictAsync(SandboxBench.Rows, CancellationToken.None);
            Assert.NotEmpty(Processes.Of(marker));
        }
        await Processes.GoneAsync(marker);
    }

    [Fact]
    public async Task What_dies_again_and_again_is_started_ever_less_often()
    {
        // X8: the second death is followed by a pause, during which the failure is told at once and nothing is started.
        var starts = 0;
        await using var server = _bench.Serve("import os\ndef score(data, model, **kw):\n    os._exit(7)\n", logged: _ => Interlocked.Increment(ref starts));
        for (var i = 0; i < 20; i++)
            Assert.Contains("exit code 7", await FailureAsync(server), StringComparison.Ordinal);
        Assert.InRange(starts, 1, 6);
    }

    [Theory]
    [InlineData("bwrap-is-not-here")]
    [InlineData("false")]
    public async Task Without_a_bubblewrap_that_works_nothing_runs_and_the_refusal_names_it(string program)
    {
        // X11: it is not installed, or the kernel refuses it what it needs.
        var sandbox = new BubblewrapSandbox(new ProcessLauncher(), TimeProvider.System) { Program = program };
        var refusal = await Assert.ThrowsAsync<ModelHubException>(
            () => sandbox.StartAsync(_bench.Program(1 << 28, ("custom.py", "")).Sandboxed("/dev/null"), CancellationToken.None));
        Assert.Equal((ErrorKind.Unavailable, "sandbox_missing"), (refusal.Kind, refusal.Code));
        Assert.Contains("bubblewrap", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<string> FailureAsync(ModelServer server) =>
        (await Assert.ThrowsAsync<ModelHubException>(() => server.PredictAsync(SandboxBench.Rows, CancellationToken.None))).Message;
}

using System.Threading.Channels;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Engine.Data;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.CustomModels;

/// <summary>Real processes in real sandboxes: bubblewrap and Python 3 are needed.</summary>
public sealed class ModelServerTests : IDisposable
{
    private const string Start = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\nexec python3 -u server.py\n";
    private const string Server =
        """
        import json, os, sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        class Handler(BaseHTTPRequestHandler):
            def reply(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                self.reply(b"")
            def do_POST(self):
                columns = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["X"]
                self.reply(json.dumps({"predictions": [2 * a for a in columns["a"]]}).encode())
        host, _, port = os.environ["ADDRESS"].rpartition(":")
        print("listening", flush=True)
        ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mh-test-");
    private static readonly Table Rows = new([new NumericColumn("a", ColumnKind.Numeric, [1, 2, 3])], 3);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_server_of_its_own_answers()
    {
        await using var server = Serve(("start_server.sh", Start), ("server.py", Server));
        Assert.Equal((double[])[2, 4, 6], await server.PredictAsync(Rows, CancellationToken.None));
    }

    [Fact]
    public async Task A_script_written_on_Windows_starts()
    {
        await using var server = Serve(("start_server.sh", Start.Replace("\n", "\r\n", StringComparison.Ordinal)
            .Replace("\"$(dirname \"$0\")\"", "/opt/model", StringComparison.Ordinal)), ("server.py", Server));
        Assert.Equal((double[])[2, 4, 6], await server.PredictAsync(Rows, CancellationToken.None));
    }

    [Fact]
    public async Task Hooks_answer()
    {
        await using var server = Serve(("custom.py", "def load_model(d):\n    return 10.0\ndef score(data, model, **kw):\n    return [model * a for a in data['a']]\n"));
        Assert.Equal((double[])[10, 20, 30], await server.PredictAsync(Rows, CancellationToken.None));
    }

    [Fact]
    public async Task Walls_hold()
    {
        var probe = """
            import os, socket
            def score(data, model, **kw):
                climbed = []
                for place in ("/x", "/usr/x", "/etc/x", "/opt/model/x", "/opt/host.py"):
                    try:
                        open(place, "a").close(); climbed.append(place)
                    except OSError: pass
                for place in ("/etc/shadow", "/root", "/home", "/work", "/var"):
                    if os.path.exists(place): climbed.append(place)
                for address in (("127.0.0.1", 5432), ("169.254.169.254", 80), ("1.1.1.1", 53)):
                    try:
                        socket.create_connection(address, 1); climbed.append(address)
                    except OSError: pass
                climbed += [k for k in os.environ if "MODELHUB" in k.upper() or "CONNECTION" in k.upper()]
                climbed += [p for p in os.listdir("/proc") if p.isdigit() and int(p) > 20]
                if climbed: raise ValueError(str(climbed))
                return [0.0 for _ in data["a"]]
            """;
        await using var server = Serve(("custom.py", probe));
        Assert.Equal((double[])[0, 0, 0], await server.PredictAsync(Rows, CancellationToken.None));
    }

    [Theory]
    [InlineData("import sys\nprint('boom: no weights')\nsys.exit(3)\n", "exit code 3", "boom: no weights")]
    [InlineData("def score(data, model):\n    import os\n    os._exit(7)\n", "exit code 7", "")]
    [InlineData("def score(data, model, **kw):\n    import os, time\n    os.kill(os.getpid(), 11)\n    time.sleep(9)\n", "exit code 139", "")]
    [InlineData("def score(data, model, **kw):\n    while True: pass\n", "did not answer within", "")]
    [InlineData("def score(data, model, **kw):\n    raise KeyError('the column')\n", "KeyError", "in score")]
    [InlineData("def score(data, model, **kw):\n    return [1.0]\n", "1 predictions for 3 rows", "")]
    [InlineData("def score(data, model, **kw):\n    return ['many'] * 3\n", "\"many\" is no number", "")]
    [InlineData("def score(data, model, **kw):\n    return [float('nan')] * 3\n", "Out of range float", "")]
    [InlineData("import os\ndef score(data, model, **kw):\n    for fd in range(3, 9):\n        try: os.write(fd, b'junk' * 9)\n        except OSError: pass\n    return 3\n", "something else", "")]
    public async Task Failures_are_told_with_their_reason(string code, string reason, string log)
    {
        if (code.StartsWith("def score(data, model):", StringComparison.Ordinal))
            code = code.Replace("model)", "model, **kw)", StringComparison.Ordinal);
        await using var server = Serve(("custom.py", code));
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => server.PredictAsync(Rows, CancellationToken.None));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains(log, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder.FullName, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_eats_memory_or_forks_without_end_is_killed()
    {
        var greedy = "def score(data, model, **kw):\n    b = bytearray(1 << 30)\n    for i in range(0, 1 << 30, 4096): b[i] = 1\n    return [0.0] * 3\n";
        var bomb = "import os, time\ndef score(data, model, **kw):\n    while True:\n        if os.fork() == 0: time.sleep(1000)\n";
        await using var eater = Serve(256 << 20, ("custom.py", greedy));
        var eaten = await Assert.ThrowsAsync<ModelHubException>(() => eater.PredictAsync(Rows, CancellationToken.None));
        Assert.Contains("memory", eaten.Message, StringComparison.OrdinalIgnoreCase);
        await using var forker = Serve(1 << 30, ("custom.py", bomb));
        var forked = await Assert.ThrowsAsync<ModelHubException>(() => forker.PredictAsync(Rows, CancellationToken.None));
        Assert.True(forked.Message.Contains("processes", StringComparison.Ordinal) || forked.Message.Contains("memory", StringComparison.Ordinal), forked.Message);
    }

    [Fact]
    public async Task A_process_that_died_is_replaced_and_others_are_not_harmed()
    {
        var code = "import os\ndef score(data, model, **kw):\n    if data['a'][0] == 13: os._exit(7)\n    return data['a']\n";
        await using var server = Serve(("custom.py", code));
        await using var neighbour = Serve(("custom.py", code));
        var deadly = new Table([new NumericColumn("a", ColumnKind.Numeric, [13])], 1);
        await Assert.ThrowsAsync<ModelHubException>(() => server.PredictAsync(deadly, CancellationToken.None));
        Assert.Equal((double[])[1, 2, 3], await neighbour.PredictAsync(Rows, CancellationToken.None));
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Assert.Equal((double[])[1, 2, 3], await server.PredictAsync(Rows, CancellationToken.None));
                return;
            }
            catch (ModelHubException waiting) when (waiting.Kind == ErrorKind.Unavailable && attempt < 200)
            {
                await Task.Delay(50);
            }
        }
    }

    [Fact]
    public async Task A_replica_that_died_is_started_again_while_the_others_answer()
    {
        var sandbox = new WatchedSandbox();
        await using var server = Serve(sandbox, 2, "def score(data, model, **kw):\n    return data['a']\n");
        await server.WarmAsync(CancellationToken.None);
        var first = await sandbox.NextAsync();
        await sandbox.NextAsync();
        first.Kill("the test wants it");
        await first.Exited;
        Assert.Equal((double[])[1, 2, 3], await server.PredictAsync(Rows, CancellationToken.None));
        await sandbox.NextAsync();
    }

    [Fact]
    public async Task What_a_model_logs_does_not_cost_it_the_second_try()
    {
        var sandbox = new WatchedSandbox();
        await using var server = Serve(sandbox, 1, "import os\ndef score(data, model, **kw):\n    print('the printer hung', flush=True)\n    os._exit(7)\n");
        await Assert.ThrowsAsync<ModelHubException>(() => server.PredictAsync(Rows, CancellationToken.None));
        await sandbox.NextAsync();
        await sandbox.NextAsync();
    }

    [Fact]
    public async Task Binary_answers_are_probabilities_by_class()
    {
        await using var server = Serve(
            512 << 20, TargetType.Binary, ("custom.py", "def score(data, model, positive_class_label, **kw):\n    return [{'yes': 0.25, 'no': 0.75} for _ in data['a']]\n"));
        Assert.Equal((double[])[0.75, 0.25, 0.75, 0.25, 0.75, 0.25], await server.PredictAsync(Rows, CancellationToken.None));
    }

    private ModelServer Serve(params (string Path, string Text)[] files) => Serve(512 << 20, files);

    private ModelServer Serve(long memory, params (string Path, string Text)[] files) => Serve(memory, TargetType.Regression, files);

    private ModelServer Serve(long memory, TargetType type, params (string Path, string Text)[] files)
    {
        var (program, host) = Program(memory, type, files);
        return new ModelServer(new BubblewrapSandbox(new ProcessLauncher(), TimeProvider.System), program, host, TimeProvider.System);
    }

    private ModelServer Serve(WatchedSandbox sandbox, int replicas, string hooks)
    {
        var (program, host) = Program(512 << 20, TargetType.Regression, ("custom.py", hooks));
        return new ModelServer(sandbox, program with { Replicas = replicas }, host, TimeProvider.System);
    }

    private (ModelProgram Program, string Host) Program(long memory, TargetType type, params (string Path, string Text)[] files)
    {
        var places = new List<(string, string)>();
        foreach (var (path, text) in files)
        {
            var place = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
            File.WriteAllText(place, text);
            places.Add((path, place));
        }
        var host = Path.Combine(_folder.FullName, "host.py");
        if (!File.Exists(host))
        {
            using var source = typeof(ModelServer).Assembly.GetManifestResourceStream("host.py")!;
            using var file = File.Create(host);
            source.CopyTo(file);
        }
        var program = new ModelProgram
        {
            Files = places, TargetType = type, Memory = memory, Request = TimeSpan.FromSeconds(3), StartUp = TimeSpan.FromSeconds(20),
            Target = new CustomModelTarget { Name = "y", PositiveClass = "yes", NegativeClass = "no" },
        };
        return (program, host);
    }

    /// <summary>Tells of every process that it starts.</summary>
    private sealed class WatchedSandbox : ISandbox
    {
        private readonly BubblewrapSandbox _sandbox = new(new ProcessLauncher(), TimeProvider.System);
        private readonly Channel<ISandboxedProcess> _started = Channel.CreateUnbounded<ISandboxedProcess>();

        public string NewFolder() => _sandbox.NewFolder();

        public async Task<ISandboxedProcess> StartAsync(SandboxedProgram program, CancellationToken cancellation)
        {
            var process = await _sandbox.StartAsync(program, cancellation);
            await _started.Writer.WriteAsync(process, CancellationToken.None);
            return process;
        }

        /// <summary>The next one, which may not be started yet.</summary>
        public Task<ISandboxedProcess> NextAsync() => _started.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));
    }
}

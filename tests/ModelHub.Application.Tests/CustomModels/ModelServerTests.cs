using System.Threading.Channels;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Tests.Sandboxes;
using ModelHub.Engine.Data;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.CustomModels;

/// <summary>Real processes in real sandboxes: bubblewrap and Python 3 are needed.</summary>
public sealed class ModelServerTests : IDisposable
{
    private const string Hung = "did not answer within";
    private static readonly Table Rows = SandboxBench.Rows;
    private readonly SandboxBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1")]
    public async Task A_server_of_its_own_answers(string protocol)
    {
        var code = SandboxBench.OwnServer[1].Text;
        if (protocol.Length > 0)
            code = code.Replace("    def reply", $"    protocol_version = \"{protocol}\"\n    def reply", StringComparison.Ordinal);
        var program = Program(512 << 20, TargetType.Regression, SandboxBench.OwnServer[0], ("server.py", code));
        await using var server = _bench.Serve(program, "self");
        for (var i = 0; i < 3; i++)
            Assert.Equal((double[])[2, 4, 6], await server.PredictAsync(Rows, CancellationToken.None));
        var many = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => server.PredictAsync(Rows, CancellationToken.None)));
        Assert.All(many, answer => Assert.Equal((double[])[2, 4, 6], answer));
    }

    [Fact]
    public async Task A_script_written_on_Windows_starts()
    {
        var start = SandboxBench.OwnServer[0].Text.Replace("\n", "\r\n", StringComparison.Ordinal).Replace("\"$(dirname \"$0\")\"", "/opt/model", StringComparison.Ordinal);
        await using var server = Serve(("start_server.sh", start), SandboxBench.OwnServer[1]);
        Assert.Equal((double[])[2, 4, 6], await server.PredictAsync(Rows, CancellationToken.None));
    }

    [Theory]
    [InlineData("self.wfile.write(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n17\\r\\n{\"predictions\":[2,4,6]}\\r\\n0\\r\\n\\r\\n')", "")]
    [InlineData("self.wfile.write(b'HTTP/1.1 200 OK\\r\\n\\r\\n{\"predictions\":[2,4,6]}'); self.close_connection = True", "")]
    [InlineData("self.close_connection = True", "closed the connection")]
    [InlineData("self.wfile.write(b'SSH-2.0-OpenSSH\\r\\n' * 9)", "closed the connection")]
    [InlineData("self.wfile.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 99999\\r\\n\\r\\n{}'); self.close_connection = True", "closed the connection")]
    [InlineData("self.wfile.write(b'HTTP/1.1 302 Found\\r\\nLocation: http://169.254.169.254/\\r\\nContent-Length: 0\\r\\n\\r\\n')", "status 302")]
    [InlineData("self.wfile.write(b'HTTP/1.1 200 OK\\r\\n' + b'X: y\\r\\n' * 99999)", "headers")]
    [InlineData("self.wfile.write(b'HTTP/1.1 503 Busy\\r\\nContent-Length: 4\\r\\n\\r\\nwait')", "status 503): wait")]
    [InlineData("__import__('time').sleep(99)", Hung)]
    [InlineData("os._exit(9)", "exit code 9")]
    public async Task Whatever_its_server_says_is_an_answer_or_a_reason(string post, string reason)
    {
        // X7: what a stranger's server may say to an HTTP client.
        var code = SandboxBench.OwnServer[1].Text;
        var at = code.IndexOf("        self.reply(json.dumps", StringComparison.Ordinal);
        code = code[..at] + "        " + post + code[code.IndexOf('\n', at)..];
        await using var server = Serve(reason == Hung, SandboxBench.OwnServer[0], ("server.py", code));
        if (reason.Length == 0)
        {
            Assert.Equal((double[])[2, 4, 6], await server.PredictAsync(Rows, CancellationToken.None));
            Assert.Equal((double[])[2, 4, 6], await server.PredictAsync(Rows, CancellationToken.None));
            return;
        }
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => server.PredictAsync(Rows, CancellationToken.None));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_bench.Folder, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 3\n", "exit code 3")]
    [InlineData("sleep 99\n", "start-up time")]
    public async Task A_server_that_does_not_start_says_why(string script, string reason)
    {
        var program = Program(512 << 20, TargetType.Regression, ("start_server.sh", "#!/bin/sh\necho going\n" + script)) with { StartUp = TimeSpan.FromSeconds(3) };
        await using var server = _bench.Serve(program, "self");
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => server.WarmAsync(CancellationToken.None));
        Assert.Equal(ErrorKind.Unavailable, failure.Kind);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains("going", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hooks_answer()
    {
        await using var server = Serve(("custom.py", "def load_model(d):\n    return 10.0\ndef score(data, model, **kw):\n    return [model * a for a in data['a']]\n"));
        Assert.Equal((double[])[10, 20, 30], await server.PredictAsync(Rows, CancellationToken.None));
    }

    [Theory]
    [InlineData("import sys\nprint('boom: no weights')\nsys.exit(3)\n", "exit code 3", "boom: no weights")]
    [InlineData("def score(data, model):\n    import os\n    os._exit(7)\n", "exit code 7", "")]
    [InlineData("def score(data, model, **kw):\n    import os, time\n    os.kill(os.getpid(), 11)\n    time.sleep(9)\n", "exit code 139", "")]
    [InlineData("def score(data, model, **kw):\n    while True: pass\n", Hung, "")]
    [InlineData("def score(data, model, **kw):\n    raise KeyError('the column')\n", "KeyError", "in score")]
    [InlineData("def score(data, model, **kw):\n    return [1.0]\n", "1 predictions for 3 rows", "")]
    [InlineData("def score(data, model, **kw):\n    return ['many'] * 3\n", "\"many\" is no number", "")]
    [InlineData("def score(data, model, **kw):\n    return [float('nan')] * 3\n", "Out of range float", "")]
    [InlineData("def score(data, model, **kw):\n    return [float('inf')] * 3\n", "Out of range float", "")]
    [InlineData("def score(data, model, **kw):\n    return [0.0] * 1000000\n", "1000000 predictions for 3 rows", "")]
    [InlineData("import pickle\ndef score(data, model, **kw):\n    return pickle.dumps([1.0] * 3)\n", "ValueError", "")]
    [InlineData("import os\ndef score(data, model, **kw):\n    os.closerange(0, 99)\n    return [0.0] * 3\n", "closed its pipes|exit code|did not answer", "")]
    [InlineData("import os\ndef score(data, model, **kw):\n    for fd in range(3, 9):\n        try: os.write(fd, b'junk' * 9)\n        except OSError: pass\n    return 3\n", "something else", "")]
    public async Task Failures_are_told_with_their_reason(string code, string reason, string log)
    {
        // X1, X7
        if (code.StartsWith("def score(data, model):", StringComparison.Ordinal))
            code = code.Replace("model)", "model, **kw)", StringComparison.Ordinal);
        await using var server = Serve(reason == Hung, ("custom.py", code));
        var failure = await Assert.ThrowsAsync<ModelHubException>(() => server.PredictAsync(Rows, CancellationToken.None));
        Assert.Matches(reason, failure.Message);
        Assert.Contains(log, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_bench.Folder, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_hangs_and_ignores_signals_holds_up_nobody_else()
    {
        // X1
        await using var stubborn = Serve(true, ("custom.py", "import signal\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ndef score(data, model, **kw):\n    while True: pass\n"));
        await using var neighbour = Serve(("custom.py", "def score(data, model, **kw):\n    return data['a']\n"));
        var hanging = Assert.ThrowsAsync<ModelHubException>(() => stubborn.PredictAsync(Rows, CancellationToken.None));
        for (var i = 0; i < 20; i++)
            Assert.Equal((double[])[1, 2, 3], await neighbour.PredictAsync(Rows, CancellationToken.None));
        Assert.Contains(Hung, (await hanging).Message, StringComparison.Ordinal);
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

    private ModelServer Serve(params (string Path, string Text)[] files) => Serve(false, files);

    /// <summary>One that hangs is waited for briefly, all others as long as a busy machine takes.</summary>
    private ModelServer Serve(bool hangs, params (string Path, string Text)[] files)
    {
        var program = Program(512 << 20, TargetType.Regression, files);
        return _bench.Serve(hangs ? program with { Request = TimeSpan.FromSeconds(2) } : program, "self");
    }

    private ModelServer Serve(long memory, TargetType type, params (string Path, string Text)[] files) => _bench.Serve(Program(memory, type, files), "self");

    private ModelProgram Program(long memory, TargetType type, params (string Path, string Text)[] files) => _bench.Program(memory, files) with
    {
        TargetType = type, Request = TimeSpan.FromSeconds(30), Target = new CustomModelTarget { Name = "y", PositiveClass = "yes", NegativeClass = "no" },
    };

    private ModelServer Serve(WatchedSandbox sandbox, int replicas, string hooks)
    {
        var program = Program(512 << 20, TargetType.Regression, ("custom.py", hooks)) with { Replicas = replicas };
        return new ModelServer(sandbox, program, _bench.Resource("host.py"), TimeProvider.System);
    }

    /// <summary>Tells of every process that it starts.</summary>
    private sealed class WatchedSandbox : ISandbox
    {
        private readonly BubblewrapSandbox _sandbox = new(new ProcessLauncher(), TimeProvider.System);
        private readonly Channel<ISandboxedProcess> _started = Channel.CreateUnbounded<ISandboxedProcess>();

        public string NewFolder() => _sandbox.NewFolder();

        public ISandboxLink NewLink() => _sandbox.NewLink();

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

using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Sandboxes;
using ModelHub.Engine.Data;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.Sandboxes;

/// <summary>Models in real sandboxes, started by whoever runs the tests or, where that is root, by an ordinary user as well.</summary>
public sealed class SandboxBench : IDisposable
{
    /// <summary>A model that brings a server of its own, which doubles the column a.</summary>
    public static readonly (string Path, string Text)[] OwnServer =
    [
        ("start_server.sh", "#!/bin/sh\ncd \"$(dirname \"$0\")\"\nexec python3 -u server.py\n"),
        ("server.py",
        """
        import json, os
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
        """),
    ];

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

    /// <summary>Hooks that try what they should not get away with; what they do get away with is named in the failure.</summary>
    /// <param name="attempts">Lines <c>attempt(name, work)</c>; an attempt fails with an OSError or a ValueError, or when it returns False.</param>
    internal static string Probe(string attempts)
    {
        const string Head = """
            import ctypes, os, socket
            def score(data, model, **kw):
                climbed = []
                libc = ctypes.CDLL(None, use_errno=True)
                def attempt(name, work):
                    try:
                        if work() is not False: climbed.append(name)
                    except (OSError, ValueError): pass
                attempt("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
                attempt("mount", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0)
                attempt("setuid", lambda: libc.setuid(0) == 0)
                attempt("chroot", lambda: libc.chroot(b"/tmp") == 0)
                attempt("processes", lambda: any(int(p) > 30 for p in os.listdir("/proc") if p.isdigit()))
                attempt("environment", lambda: any(w in (k + v).upper() for k, v in os.environ.items() for w in ("MODELHUB", "PASSWORD", "HOST=", "MH_")))
                attempt("capabilities", lambda: any(l.split()[1].strip("0") for l in open("/proc/self/status") if l[:6] in ("CapEff", "CapPrm", "CapInh", "CapAmb")))
                attempt("new privileges", lambda: "NoNewPrivs:\t1" not in open("/proc/self/status").read())

            """;
        return Head + string.Join('\n', attempts.Split('\n').Select(line => "    " + line))
            + "\n    if climbed: raise ValueError('climbed: ' + str(climbed))\n    return [0.0 for _ in data['a']]\n";
    }

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

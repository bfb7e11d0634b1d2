using System.IO.Compression;
using ModelHub.Application.Archives;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Sandboxes;
using ModelHub.Infrastructure.Artifacts;

namespace ModelHub.Application.Tests.Sandboxes;

/// <summary>Programs of versions, run to their end in real sandboxes (X9, X12).</summary>
public sealed class WorkshopTests : IDisposable
{
    private readonly SandboxBench _bench = new();

    private LocalArtifactStore Store => new(Path.Combine(_bench.Folder, "store"));

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_program_s_files_come_out_and_nothing_else()
    {
        const string Code = """
            import os
            out = os.environ["OUTPUT_DIR"]
            os.makedirs(out + "/deep")
            open(out + "/deep/table.csv", "w").write("a,b\n1,2\n")
            os.symlink("/etc/passwd", out + "/loot")
            os.mkfifo(out + "/pipe")
            """;
        var (done, files) = await RunAsync(["convert", "make it; rm -rf $(x).py"], ("make it; rm -rf $(x).py", Code));
        Assert.True(done.Failure is null, done.Failure);
        Assert.Equal(["deep/table.csv"], files);
    }

    [Theory]
    [InlineData("raise SystemExit(3)", "exit code 3")]
    [InlineData("import os\nos.kill(os.getpid(), 9)", "exit code 137")]
    [InlineData("x = bytearray(1 << 30)\nfor i in range(0, 1 << 30, 4096): x[i] = 1", "memory|exit code")]
    public async Task A_program_that_fails_says_why(string code, string why)
    {
        var (done, _) = await RunAsync(["convert", "p.py"], ("p.py", code));
        Assert.Null(done.Files);
        Assert.Matches(why, done.Failure!);
    }

    [Fact]
    public async Task What_takes_too_long_is_ended()
    {
        // X12
        var program = _bench.Program(512 << 20, ("p.py", "import time\ntime.sleep(600)\n"));
        var (done, _) = await RunAsync(program, ["convert", "p.py"], new Workshop(SandboxBench.Sandbox("self"), Store) { Longest = TimeSpan.FromSeconds(2) });
        Assert.Contains("took longer than", done.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_makes_too_much_is_refused_and_what_says_much_is_cut()
    {
        // X12
        const string Code = """
            import os
            for _ in range(30): print("x" * (100 << 10))
            with open(os.environ["OUTPUT_DIR"] + "/big", "wb") as file: file.write(os.urandom(3 << 20))
            """;
        BoundedLog? log = null;
        var workshop = new Workshop(SandboxBench.Sandbox("self"), Store) { MostBytes = 1 << 20 };
        var (done, _) = await RunAsync(_bench.Program(512 << 20, ("p.py", Code)), ["convert", "p.py"], workshop, found => log = found);
        Assert.Contains("more than 1 MiB of files", done.Failure, StringComparison.Ordinal);
        Assert.InRange(log!.ToString().Length, 1, BoundedLog.MostCharacters + 100);
    }

    [Fact]
    public async Task Packages_come_from_wheels_without_network_and_run_no_setup()
    {
        var (wrong, _) = await RunAsync(["packages"], ("requirements.txt", "surely-not-there>=1.0\n"));
        Assert.True(wrong.Failure?.Contains("surely-not-there", StringComparison.Ordinal), wrong.Failure);
        var wheel = Path.Combine(_bench.Folder, "tiny.whl");
        using (var zip = ZipFile.Open(wheel, ZipArchiveMode.Create))
        {
            foreach (var (name, text) in new[]
            {
                ("tiny_thing.py", "VALUE = 7\n"), ("tiny_thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n"),
                ("tiny_thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
                ("tiny_thing-1.0.dist-info/RECORD", "tiny_thing.py,,\ntiny_thing-1.0.dist-info/METADATA,,\ntiny_thing-1.0.dist-info/WHEEL,,\ntiny_thing-1.0.dist-info/RECORD,,\n"),
            })
            {
                using var entry = new StreamWriter(zip.CreateEntry(name).Open());
                entry.Write(text);
            }
        }
        var program = _bench.Program(1 << 30, ("requirements.txt", "tiny-thing==1.0\n"));
        program = program with { Files = [.. program.Files, ("wheels/tiny_thing-1.0-py3-none-any.whl", wheel)] };
        var (done, files) = await RunAsync(program, ["packages"]);
        Assert.True(done.Failure is null, done.Failure);
        Assert.Contains("tiny_thing.py", files);
    }

    private Task<(WorkDone Done, List<string> Files)> RunAsync(string[] work, params (string Path, string Text)[] files) =>
        RunAsync(_bench.Program(512 << 20, files), work);

    private async Task<(WorkDone Done, List<string> Files)> RunAsync(
        ModelProgram program, string[] work, Workshop? workshop = null, Action<BoundedLog>? logged = null)
    {
        var done = await (workshop ?? new Workshop(SandboxBench.Sandbox("self"), Store)).RunAsync(program, work, logged ?? (_ => { }), CancellationToken.None);
        var files = new List<string>();
        if (done.Files is { } made)
        {
            await using var archive = await Store.OpenAsync(made.Sha256, CancellationToken.None);
            await ArchiveReader.ReadAsync(
                archive, new ArchiveLimits(),
                (path, _, _) =>
                {
                    files.Add(path);
                    return Task.CompletedTask;
                },
                CancellationToken.None);
        }
        return (done, files);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>
/// Where a private cluster lives: <c>pg</c> (PostgreSQL's own), <c>pg.lock</c> (held by the owner), <c>run</c> (the socket) and
/// <c>log/postgres.log</c>.
/// </summary>
internal sealed class ClusterFolder
{
    /// <summary>In the data folder, when the cluster is elsewhere: where.</summary>
    private const string Pointer = "pg-location";
    private const string Elsewhere = "/var/lib/modelhub";
    private const int LongestSocketFolder = 90; // bytes: a Unix socket's path has at most 107, the file name takes 16
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly string _home;

    private ClusterFolder(string home, string log)
    {
        _home = home;
        Log = log;
        Data = Path.Combine(home, "pg");
        Socket = SocketFolder(home);
    }

    public string Data { get; }

    public string Socket { get; }

    /// <summary>The file of the server's own log; always in the data folder, since we write it.</summary>
    public string Log { get; }

    /// <summary>Finds the cluster of a data folder, or the place for a new one.</summary>
    /// <param name="dataFolder">Created when missing.</param>
    /// <param name="notice">Set when the cluster is not below the data folder: what to tell the user.</param>
    /// <exception cref="InvalidOperationException">The folder cannot be written to.</exception>
    public static ClusterFolder For(string dataFolder, out string? notice)
    {
        var folder = Path.GetFullPath(dataFolder).TrimEnd('/');
        try
        {
            var logs = Path.Combine(folder, "log");
            Directory.CreateDirectory(logs);
            var home = HomeFor(folder);
            Directory.CreateDirectory(home);
            notice = home == folder ? null : $"The user postgres cannot reach {folder}; its database is kept in {home}.";
            return new ClusterFolder(home, Path.Combine(logs, "postgres.log"));
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new InvalidOperationException($"{folder} cannot be written to by {Environment.UserName}: {denied.Message}", denied);
        }
    }

    /// <summary>The owner's lock, or null while another process holds it. The system lets go of it when the process ends.</summary>
    public FileStream? TryLock()
    {
        try
        {
            return new FileStream(Path.Combine(_home, "pg.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new InvalidOperationException(
                $"The database in {_home} belongs to another user: {denied.Message} Start ModelHub as that user, or use --data.", denied);
        }
    }

    /// <summary>Makes the cluster if there is none. For the holder of the lock.</summary>
    public async Task InitialiseAsync(PostgresBinaries binaries, bool durable, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Socket);
        if (File.Exists(Path.Combine(Data, "PG_VERSION")) && !File.Exists(Path.Combine(_home, "pg.new")))
        {
            await OwnAsync(cancellation, Socket);
            return;
        }
        await File.WriteAllTextAsync(Path.Combine(_home, "pg.new"), "initdb is at work\n", cancellation);
        if (Directory.Exists(Data))
            Directory.Delete(Data, recursive: true); // an initdb that was interrupted
        Directory.CreateDirectory(Data);
        await OwnAsync(cancellation, Data, Socket);
        string[] options = ["-D", Data, "-U", "modelhub", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"];
        await RunAsync(binaries.Command("initdb", durable ? options : [.. options, "--no-sync"]), cancellation);
        File.Delete(Path.Combine(_home, "pg.new"));
    }

    /// <summary>
    /// For the holder of the lock, so no owner lives: a server that still does is an orphan and is stopped, sessions without a server are
    /// ended, and the files that would make a new server refuse to start are removed.
    /// </summary>
    public async Task RemoveStaleAsync(CancellationToken cancellation)
    {
        var pidFile = Path.Combine(Data, "postmaster.pid");
        if (!File.Exists(pidFile))
            return;
        var first = (await File.ReadAllLinesAsync(pidFile, cancellation)).FirstOrDefault();
        if (int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && ClusterProcesses.IsServer(pid, Data))
        {
            ProcessSignal.Send(pid, ProcessSignal.Interrupt);
            if (!await WithinAsync(StopLimit, () => !ClusterProcesses.IsServer(pid, Data), cancellation))
                throw new InvalidOperationException($"An orphaned PostgreSQL (process {pid}) does not stop; see {Log}.");
        }
        if (!await WithinAsync(TimeSpan.FromSeconds(1), () => ClusterProcesses.In(Data).Count == 0, cancellation))
        {
            // Without a server they can save nothing; what was committed is in the write-ahead log.
            foreach (var session in ClusterProcesses.In(Data))
                ProcessSignal.Send(session, ProcessSignal.Kill);
            await WithinAsync(StopLimit, () => ClusterProcesses.In(Data).Count == 0, cancellation);
        }
        File.Delete(pidFile);
        foreach (var left in Directory.EnumerateFiles(Socket, ".s.PGSQL.*"))
            File.Delete(left);
    }

    private static async Task<bool> WithinAsync(TimeSpan limit, Func<bool> holds, CancellationToken cancellation)
    {
        for (var clock = Stopwatch.StartNew(); !holds(); await Task.Delay(20, cancellation))
        {
            if (clock.Elapsed > limit)
                return false;
        }
        return true;
    }

    /// <summary>
    /// The data folder itself, or, where the user <c>postgres</c> cannot reach that (below a root home), a new folder in
    /// <c>/var/lib/modelhub</c>, which a file in the data folder then names: a data folder that was deleted and made again never meets the
    /// old database, whose artifacts are gone.
    /// </summary>
    private static string HomeFor(string folder)
    {
        var pointer = Path.Combine(folder, Pointer);
        if (!File.Exists(pointer))
        {
            if (!PostgresBinaries.AsRoot || !OperatingSystem.IsLinux() || CanBeReached(folder))
                return folder;
            // Two first processes at once: one of them makes the file, whole, and both read it.
            var own = $"{pointer}.{Guid.NewGuid():N}";
            File.WriteAllText(own, Path.Combine(Elsewhere, Guid.NewGuid().ToString("N")[..16]) + "\n");
            try
            {
                File.Move(own, pointer, overwrite: false);
            }
            catch (IOException)
            {
                File.Delete(own);
            }
        }
        return File.ReadAllText(pointer).Trim();
    }

    private static bool CanBeReached(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            if (!OperatingSystem.IsWindows() && (at.UnixFileMode & UnixFileMode.OtherExecute) == 0)
                return false;
        }
        return true;
    }

    private static string SocketFolder(string home)
    {
        var folder = Path.Combine(home, "run");
        if (Encoding.UTF8.GetByteCount(folder) <= LongestSocketFolder || OperatingSystem.IsWindows())
            return folder;
        var name = "modelhub-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(home)))[..16];
        if (PostgresBinaries.AsRoot && Directory.Exists("/run"))
            return Path.Combine("/run", name);
        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        folder = Path.Combine(runtime is { Length: > 0 and < 60 } ? runtime : "/tmp", name);
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute); // fails if it is not ours
        return folder;
    }

    private static async Task OwnAsync(CancellationToken cancellation, params string[] folders)
    {
        if (PostgresBinaries.AsRoot)
            await RunAsync(new ProcessStartInfo("chown", ["postgres:postgres", .. folders]), cancellation);
    }

    private static async Task RunAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"Preparing the database failed: {await errors}{await output}".TrimEnd());
    }
}

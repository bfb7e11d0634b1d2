using System.ComponentModel;
using System.Diagnostics;
using Npgsql;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>
/// A PostgreSQL of our own below the data folder, reached through a socket only its user and we can open. The first process on a folder
/// owns it; others join it. It stops with its owner, also when that is killed (a parent-death signal), and what a killed cluster left
/// behind is cleaned up at the next start.
/// </summary>
public sealed class PrivateCluster : IAsyncDisposable
{
    private const string Database = "modelhub";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly FileStream? _lock;
    private readonly Process? _postgres;

    private PrivateCluster(string socketFolder, FileStream? @lock, Process? postgres)
    {
        ConnectionString = Connect(socketFolder, Database);
        _lock = @lock;
        _postgres = postgres;
    }

    public string ConnectionString { get; }

    /// <summary>Whether this process started it.</summary>
    public bool IsOwner => _postgres is not null;

    /// <exception cref="InvalidOperationException">PostgreSQL is not installed or does not start; the message says what to do.</exception>
    public static async Task<PrivateCluster> StartOrJoinAsync(string dataFolder, CancellationToken cancellation)
    {
        var binaries = PostgresBinaries.Find();
        var home = HomeFor(Path.GetFullPath(dataFolder));
        var data = Path.Combine(home, "pg");
        var socket = SocketFolder(home);
        Directory.CreateDirectory(home);
        var owned = TryLock(Path.Combine(home, "pg.lock"));
        if (owned is null)
        {
            await UntilAnswersAsync(socket, null, cancellation);
            return new PrivateCluster(socket, null, null);
        }
        try
        {
            Directory.CreateDirectory(socket);
            await InitialiseAsync(binaries, data, socket, cancellation);
            await RemoveStaleAsync(data, socket, cancellation);
            var postgres = StartPostgres(binaries, data, socket, Path.Combine(home, "postgres.log"));
            await UntilAnswersAsync(socket, postgres, cancellation);
            await EnsureDatabaseAsync(socket, cancellation);
            return new PrivateCluster(socket, owned, postgres);
        }
        catch
        {
            await owned.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is { HasExited: false })
        {
            NpgsqlConnection.ClearAllPools();
            Signal(_postgres.Id, "INT"); // fast shutdown: sessions are ended, everything is written
            await _postgres.WaitForExitAsync();
        }
        if (_lock is not null)
            await _lock.DisposeAsync();
    }

    /// <summary>
    /// The folder of the cluster: the data folder's own, or, where the user <c>postgres</c> cannot reach it (below a root home), one in
    /// /var/lib/modelhub named after it.
    /// </summary>
    private static string HomeFor(string dataFolder)
    {
        if (!PostgresBinaries.AsRoot || !OperatingSystem.IsLinux())
            return dataFolder;
        for (var folder = new DirectoryInfo(dataFolder); folder is not null; folder = folder.Parent)
        {
            if (folder.Exists && (folder.UnixFileMode & UnixFileMode.OtherExecute) == 0)
            {
                var name = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(dataFolder)))[..16];
                var other = Path.Combine("/var/lib/modelhub", name);
                Console.WriteLine($"The user postgres cannot reach {dataFolder}; the database is kept in {other}.");
                return other;
            }
        }
        return dataFolder;
    }

    /// <summary>A Unix socket's path has at most 107 bytes; a long data folder gets a short folder of its own elsewhere.</summary>
    private static string SocketFolder(string home)
    {
        var folder = Path.Combine(home, "run");
        if (System.Text.Encoding.UTF8.GetByteCount(folder) < 80)
            return folder;
        var name = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(home)))[..16];
        return Path.Combine(Path.GetTempPath(), "modelhub-" + name);
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task InitialiseAsync(PostgresBinaries binaries, string data, string socket, CancellationToken cancellation)
    {
        if (File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            await OwnAsync(cancellation, socket);
            return;
        }
        if (Directory.Exists(data))
            Directory.Delete(data, recursive: true); // an initdb that was interrupted
        Directory.CreateDirectory(data);
        await OwnAsync(cancellation, data, socket);
        await RunAsync(
            binaries.Command("initdb", false, "-D", data, "-U", "modelhub", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"),
            cancellation);
    }

    private static Task OwnAsync(CancellationToken cancellation, params string[] folders)
    {
        if (!PostgresBinaries.AsRoot)
            return Task.CompletedTask;
        var chown = new ProcessStartInfo("chown") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        chown.ArgumentList.Add("postgres:postgres");
        foreach (var folder in folders)
            chown.ArgumentList.Add(folder);
        return RunAsync(chown, cancellation);
    }

    private static async Task RunAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{Path.GetFileName(start.ArgumentList.FirstOrDefault(a => a.Contains("initdb", StringComparison.Ordinal)) ?? start.FileName)} failed: {await errors}{await output}".TrimEnd());
    }

    /// <summary>
    /// We hold the lock, so no owner lives. A postmaster that still does is an orphan and is stopped; the files of a dead one are removed,
    /// also when its process is still a zombie, which kill(pid, 0) takes for alive.
    /// </summary>
    private static async Task RemoveStaleAsync(string data, string socket, CancellationToken cancellation)
    {
        var pidFile = Path.Combine(data, "postmaster.pid");
        if (!File.Exists(pidFile))
            return;
        var first = (await File.ReadAllLinesAsync(pidFile, cancellation)).FirstOrDefault();
        if (int.TryParse(first, out var pid) && Lives(pid, data))
        {
            Signal(pid, "INT");
            for (var i = 0; i < 300 && Lives(pid, data); i++)
                await Task.Delay(100, cancellation);
            if (Lives(pid, data))
                throw new InvalidOperationException($"An orphaned PostgreSQL (process {pid}) does not stop.");
        }
        File.Delete(pidFile);
        foreach (var left in Directory.EnumerateFiles(socket, ".s.PGSQL.*"))
            File.Delete(left);
    }

    private static bool Lives(int pid, string data)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var state = stat[(stat.LastIndexOf(')') + 2)..][0];
            return state != 'Z' && File.ReadAllText($"/proc/{pid}/cmdline").Contains(data, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The parent-death signal belongs to the thread that forks, so one thread starts PostgreSQL and waits for its end.</summary>
    private static Process StartPostgres(PostgresBinaries binaries, string data, string socket, string log)
    {
        var start = binaries.Command(
            "postgres", true, "-D", data, "-k", socket, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700",
            "-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB");
        var started = new TaskCompletionSource<Process>();
        var thread = new Thread(() =>
        {
            try
            {
                var process = Process.Start(start)!;
                var output = new StreamWriter(log, append: true) { AutoFlush = true };
                var gate = new Lock();
                void Write(object _, DataReceivedEventArgs line)
                {
                    lock (gate)
                        output.WriteLine(line.Data);
                }
                process.OutputDataReceived += Write;
                process.ErrorDataReceived += Write;
                process.BeginOutputReadLine();
                process.BeginErrorReadLine();
                started.SetResult(process);
                process.WaitForExit();
            }
            catch (Exception failure)
            {
                started.TrySetException(failure is Win32Exception
                    ? new InvalidOperationException("setpriv is needed to start PostgreSQL (package util-linux).", failure) : failure);
            }
        })
        { IsBackground = true, Name = "postgres" };
        thread.Start();
        return started.Task.GetAwaiter().GetResult();
    }

    private static async Task UntilAnswersAsync(string socket, Process? postgres, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(Connect(socket, "postgres") + ";Pooling=false");
                await connection.OpenAsync(cancellation);
                return;
            }
            catch (Exception failure) when (failure is NpgsqlException or IOException or System.Net.Sockets.SocketException)
            {
                if (postgres is { HasExited: true })
                    throw new InvalidOperationException("PostgreSQL did not start; see postgres.log in the data folder.", failure);
                if (clock.Elapsed > StartLimit)
                    throw new InvalidOperationException("PostgreSQL does not answer; see postgres.log in the data folder.", failure);
                await Task.Delay(25, cancellation);
            }
        }
    }

    private static async Task EnsureDatabaseAsync(string socket, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(Connect(socket, "postgres") + ";Pooling=false");
        await connection.OpenAsync(cancellation);
        await using var exists = new NpgsqlCommand($"select 1 from pg_database where datname = '{Database}'", connection);
        if (await exists.ExecuteScalarAsync(cancellation) is not null)
            return;
        await using var create = new NpgsqlCommand($"create database {Database}", connection);
        await create.ExecuteNonQueryAsync(cancellation);
    }

    private static string Connect(string socket, string database) => $"Host={socket};Username=modelhub;Database={database}";

    private static void Signal(int pid, string signal)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", ["-" + signal, pid.ToString(System.Globalization.CultureInfo.InvariantCulture)]));
        kill?.WaitForExit();
    }
}

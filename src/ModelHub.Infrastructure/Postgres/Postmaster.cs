using System.ComponentModel;
using System.Diagnostics;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>A running PostgreSQL server that is our child.</summary>
internal sealed class Postmaster
{
    private readonly TaskCompletionSource _ended;

    private Postmaster(int id, TaskCompletionSource ended)
    {
        Id = id;
        _ended = ended;
    }

    public int Id { get; }

    /// <summary>Completes when the server has ended, for whatever reason.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts it; it may not answer yet. Settings are lines like <c>fsync=off</c>.</summary>
    /// <remarks>The parent-death signal belongs to the thread that forks, so one thread starts the server and waits for its end.</remarks>
    public static Task<Postmaster> StartAsync(PostgresBinaries binaries, ClusterFolder folder, IEnumerable<string> settings)
    {
        string[] lines =
        [
            "listen_addresses=", "unix_socket_permissions=0700", "max_connections=200", "shared_buffers=256MB", "max_wal_size=2GB",
            "fsync=on", "synchronous_commit=on",
            "jit=off", // no query here runs long enough for its compilation to pay
            .. settings,
        ];
        var command = binaries.ServerCommand(["-D", folder.Data, "-k", folder.Socket, .. lines.SelectMany(l => new[] { "-c", l })]);
        var started = new TaskCompletionSource<Postmaster>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Attend(command, folder.Log, started)) { IsBackground = true, Name = "postgres" };
        thread.Start();
        return started.Task;
    }

    /// <summary>Fast shutdown: sessions are ended, everything is written. Done when the process is gone.</summary>
    public Task StopAsync()
    {
        if (!Ended.IsCompleted)
            ProcessSignal.Send(Id, ProcessSignal.Interrupt);
        return Ended;
    }

    private static void Attend(ProcessStartInfo command, string log, TaskCompletionSource<Postmaster> started)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            using var output = new ServerLog(log);
            using var process = Process.Start(command)!;
            process.OutputDataReceived += output.Write;
            process.ErrorDataReceived += output.Write;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            started.SetResult(new Postmaster(process.Id, ended));
            // Not WaitForExit(): that waits for the end of the pipe too, which sessions of a killed server hold open.
            while (!process.WaitForExit(int.MaxValue))
            {
            }
        }
        catch (Win32Exception missing)
        {
            started.TrySetException(new InvalidOperationException(
                $"'{command.FileName}' is needed to start PostgreSQL (Debian package util-linux).", missing));
        }
        catch (Exception failure)
        {
            started.TrySetException(failure);
        }
        finally
        {
            ended.TrySetResult();
        }
    }
}

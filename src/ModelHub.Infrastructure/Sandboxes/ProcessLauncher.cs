using System.Collections.Concurrent;
using System.Diagnostics;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>
/// Starts programs, from one thread that lives as long as the hub: "die with the parent" means the thread that forked, and pool threads
/// come and go.
/// </summary>
internal sealed class ProcessLauncher
{
    private readonly BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)> _queue = [];

    public ProcessLauncher() => new Thread(Run) { IsBackground = true, Name = "process launcher" }.Start();

    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public Task<Process> StartAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        // Never the hub's own environment: it may hold passwords.
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            info.Environment[name] = value;
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add((info, started));
        return started.Task;
    }

    private void Run()
    {
        foreach (var (info, started) in _queue.GetConsumingEnumerable())
        {
            try
            {
                var process = Process.Start(info)!;
                started.SetResult(process);
            }
            catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
            {
                started.SetException(failure);
            }
        }
    }
}

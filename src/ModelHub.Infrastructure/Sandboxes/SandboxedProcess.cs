using System.Diagnostics;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>A running sandbox: its output is read, what it uses is watched, and all of it dies with the first process.</summary>
internal sealed class SandboxedProcess : ISandboxedProcess
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private readonly Process _process;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private readonly Lock _gate = new();

    public SandboxedProcess(Process process, SandboxedProgram program, TimeProvider clock)
    {
        _process = process;
        if (!program.HasPipes)
            process.StandardInput.Close();
        Exited = WaitAsync(program.HasPipes ? Task.CompletedTask : Log.ReadAsync(process.StandardOutput), Log.ReadAsync(process.StandardError));
        _watching = WatchAsync(program, clock);
    }

    public Task<int> Exited { get; }

    public string? KilledFor { get; private set; }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public BoundedLog Log { get; } = new();

    public void Kill(string reason)
    {
        lock (_gate)
        {
            if (Exited.IsCompleted || _process.HasExited)
                return;
            KilledFor ??= reason;
            try
            {
                // The outer bwrap dies, and the kernel kills its namespace's first process and so everything in it. Not so while bwrap is starting: its
                // child first waits for a word of it, and would for ever.
                ProcessSignal.Send(_process.Id, ProcessSignal.Stop);
                var tree = ProcessTree.Of(_process.Id);
                _process.Kill();
                foreach (var process in tree.Processes)
                    ProcessSignal.Send(process, ProcessSignal.Kill);
            }
            catch (InvalidOperationException)
            {
                // It has ended just now.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill("it was stopped");
        await _stop.CancelAsync();
        await Task.WhenAny(Exited, Task.Delay(TimeSpan.FromSeconds(5)));
        await _watching;
        _stop.Dispose();
        if (Exited.IsCompleted)
            _process.Dispose();
    }

    private async Task<int> WaitAsync(Task output, Task error)
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        // A grandchild may hold the pipe a moment longer; nothing is lost by not waiting for ever.
        await Task.WhenAny(Task.WhenAll(output, error), Task.Delay(TimeSpan.FromSeconds(1)));
        return _process.ExitCode;
    }

    private async Task WatchAsync(SandboxedProgram program, TimeProvider clock)
    {
        var share = new ProcessorShare(program.Processors, clock);
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (!Exited.IsCompleted && await timer.WaitForNextTickAsync(_stop.Token))
            {
                var tree = ProcessTree.Of(_process.Id);
                if (tree.Bytes > program.Memory)
                    Kill($"it used more memory than its limit of {program.Memory >> 20} MiB (exit code 137)");
                else if (tree.Threads > program.Processes)
                    Kill($"it started more than {program.Processes} processes and threads");
                else
                    share.Settle(tree);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}

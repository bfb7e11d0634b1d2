using System.Diagnostics;
using System.Text;
using ModelHub.Infrastructure.Sandboxes;
using ModelHub.Tests.Shared;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>The program as a process of its own.</summary>
internal sealed class HubProcess : IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(3); // a bound for a hang, not a measurement
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<string> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="group">A group of <see cref="MemoryGroup"/>; null for the test's own.</param>
    public HubProcess(string[] arguments, string? database = null, MemoryGroup? group = null)
    {
        var start = new ProcessStartInfo("sh", ["-c", (group is null ? "" : $"echo $$ > {group.Processes} && ") + "exec dotnet \"$@\"", "hub", Path.Combine(AppContext.BaseDirectory, "modelhub.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var inherited in new[] { "ConnectionStrings__ModelHub", "MODELHUB_ADMIN_KEY", "MODELHUB_LOG", "ASPNETCORE_URLS" })
            start.Environment.Remove(inherited);
        if (database is not null)
            start.Environment["ConnectionStrings__ModelHub"] = database;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Read;
        _process.ErrorDataReceived += Read;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>The address it serves on, when it has said the whole welcome.</summary>
    public async Task<string> UrlAsync()
    {
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(_url.Task, ended).WaitAsync(Hang) == ended)
            Assert.Fail($"It ended: {Output}");
        return await _url.Task;
    }

    public void Kill() => _process.Kill();

    public Task<int> StopAsync()
    {
        ProcessSignal.Send(_process.Id, ProcessSignal.Terminate);
        return ExitAsync();
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Hang);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Read(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
            if (line.Data?.Trim() is { } text && text.StartsWith("Try ", StringComparison.Ordinal))
                _url.TrySetResult(Output.Split("URL")[1].Trim().Split('\n')[0].Trim());
        }
    }
}

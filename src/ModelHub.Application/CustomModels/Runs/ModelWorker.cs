using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>
/// One process that answers for a model. Thread-safe. Once it has ended, hung or broken the protocol it is done for; the server starts another.
/// </summary>
public sealed class ModelWorker : IAsyncDisposable
{
    internal const int MostBytes = 256 << 20;
    private const int LinesTold = 12;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private readonly ISandboxedProcess _process;
    private readonly IModelTalk _talk;
    private int _pending;

    private ModelWorker(ISandboxedProcess process, IModelTalk talk) => (_process, _talk) = (process, talk);

    public bool IsAlive => !_process.Exited.IsCompleted && _process.KilledFor is null;

    public int Pending => Volatile.Read(ref _pending);

    public BoundedLog Log => _process.Log;

    /// <summary>Starts the program and waits until it is ready to answer.</summary>
    /// <exception cref="ModelHubException">It ended, or was not ready in time; the message has the end of its log.</exception>
    public static async Task<ModelWorker> StartAsync(
        ISandbox sandbox, ModelProgram program, string host, Action<BoundedLog>? logged, CancellationToken cancellation)
    {
        var link = program.HasServer ? sandbox.NewLink() : null;
        ModelWorker worker;
        try
        {
            var process = await sandbox.StartAsync(program.Sandboxed(host, link?.Socket), cancellation);
            worker = new ModelWorker(process, link is null ? new FrameTalk(process) : new HttpTalk(process, link));
        }
        catch
        {
            link?.Dispose();
            throw;
        }
        try
        {
            logged?.Invoke(worker.Log);
            await worker.ReadyAsync(program.StartUp, cancellation);
            return worker;
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    /// <summary>The model's answer to one request: an HTTP status and a body.</summary>
    /// <exception cref="ModelHubException"><see cref="ErrorKind.Unavailable"/>: it died; <see cref="ErrorKind.TimedOut"/>: it hung.</exception>
    public async Task<(int Status, byte[] Body)> AskAsync(ReadOnlyMemory<byte> body, TimeSpan limit, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _pending);
        try
        {
            if (!IsAlive)
                throw Ended();
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            timer.CancelAfter(limit);
            try
            {
                return await _talk.AskAsync(body, timer.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                _process.Kill($"it did not answer within {limit.TotalSeconds} s");
                throw Died("The model hung", ErrorKind.TimedOut, "model_hung");
            }
            catch (IOException)
            {
                throw await BrokenAsync("The model's process ended");
            }
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _talk.Dispose();
    }

    /// <summary>What a model says when it fails at a request: its own message and stack trace.</summary>
    public ModelHubException Failed(int status, byte[] body)
    {
        var message = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 4000)));
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                var parts = new[] { "message", "error", "traceback" }.Select(n => json.RootElement.TryGetProperty(n, out var v) ? v.ToString() : "");
                message = string.Join("\n", parts.Where(p => p.Length > 0));
            }
        }
        catch (JsonException)
        {
            // A plain text is as good.
        }
        return new ModelHubException(
            ErrorKind.Invalid, "model_failed", $"The model failed at these rows (status {status}): {message}\nEnd of its log:\n{Log.Tail(LinesTold)}".Trim());
    }

    /// <summary>What is said of a process that has ended.</summary>
    public ModelHubException Ended() => Died("The model's process ended");

    private async Task ReadyAsync(TimeSpan limit, CancellationToken cancellation)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(limit);
        var ready = _talk.ReadyAsync(timer.Token);
        await Task.WhenAny(ready, _process.Exited);
        await timer.CancelAsync();
        try
        {
            await ready;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            if (!_process.Exited.IsCompleted)
                _process.Kill($"it was not ready to answer within its start-up time of {limit.TotalSeconds} s");
            throw Died("The model did not start");
        }
        catch (IOException)
        {
            throw await BrokenAsync("The model did not start");
        }
    }

    /// <summary>The talk has broken off: it has ended, or is about to, or is made to.</summary>
    private async Task<ModelHubException> BrokenAsync(string what)
    {
        await Task.WhenAny(_process.Exited, Task.Delay(Grace));
        _process.Kill("it closed its pipes");
        return Died(what);
    }

    private ModelHubException Died(string what, ErrorKind kind = ErrorKind.Unavailable, string code = "model_ended")
    {
        var why = _process.KilledFor is { } reason ? reason
            : _process.Exited.IsCompletedSuccessfully ? $"exit code {_process.Exited.Result.ToString(CultureInfo.InvariantCulture)}" : "it closed its pipes";
        return new ModelHubException(kind, code, $"{what}: {why}. End of its log:\n{Log.Tail(LinesTold)}");
    }
}

using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>
/// One process that answers for a model, talked to through its pipes (see host.py). Thread-safe. Once it has ended, hung or broken the
/// protocol it is done for; the server starts another.
/// </summary>
public sealed class ModelWorker : IAsyncDisposable
{
    /// <summary>Code of a failure: it did not answer in time.</summary>
    public const string Hung = "model_hung";

    private const int HeadLength = 10;
    private const int MostBytes = 256 << 20;
    private const int LinesTold = 12;
    private readonly ISandboxedProcess _process;
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<(int Status, byte[] Body)>> _pending = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly TaskCompletionSource<(int Status, byte[] Body)> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _last;

    private ModelWorker(ISandboxedProcess process)
    {
        _process = process;
        _pending[0] = _ready;
        _ = ReadAsync();
    }

    public bool IsAlive => !_process.Exited.IsCompleted && _process.KilledFor is null;

    public int Pending => _pending.Count;

    public BoundedLog Log => _process.Log;

    /// <summary>Starts the program and waits until it says that it is ready.</summary>
    /// <exception cref="ModelHubException">It ended, or was not ready in time; the message has the end of its log.</exception>
    public static async Task<ModelWorker> StartAsync(
        ISandbox sandbox, ModelProgram program, string host, Action<BoundedLog>? logged, CancellationToken cancellation)
    {
        var process = await sandbox.StartAsync(program.Sandboxed(host), cancellation);
        logged?.Invoke(process.Log);
        var worker = new ModelWorker(process);
        try
        {
            await worker._ready.Task.WaitAsync(program.StartUp, cancellation);
            return worker;
        }
        catch (TimeoutException)
        {
            process.Kill($"it was not ready to answer within its start-up time of {program.StartUp.TotalSeconds} s");
            var told = worker.Died("The model did not start");
            await worker.DisposeAsync();
            throw told;
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    /// <summary>The model's answer to one request: an HTTP status and a body.</summary>
    /// <exception cref="ModelHubException"><see cref="ErrorKind.Unavailable"/>: it died or hung.</exception>
    public async Task<(int Status, byte[] Body)> AskAsync(ReadOnlyMemory<byte> body, TimeSpan limit, CancellationToken cancellation)
    {
        var number = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<(int, byte[])>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[number] = answer;
        try
        {
            if (!IsAlive)
                throw Died("The model's process ended");
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            timer.CancelAfter(limit);
            try
            {
                await WriteAsync(number, body, timer.Token);
                return await answer.Task.WaitAsync(timer.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                _process.Kill($"it did not answer within {limit.TotalSeconds} s");
                throw Died("The model hung", Hung);
            }
            catch (IOException)
            {
                await Task.WhenAny(_process.Exited, Task.Delay(TimeSpan.FromSeconds(1), cancellation));
                throw Died("The model's process ended");
            }
        }
        finally
        {
            _pending.TryRemove(number, out _);
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    /// <summary>What a model says when it fails at a request: its own message and stack trace.</summary>
    public ModelHubException Failed(int status, byte[] body)
    {
        var message = Text(body);
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

    private ModelHubException Died(string what, string code = "model_ended")
    {
        var why = _process.KilledFor is { } reason ? reason
            : _process.Exited.IsCompletedSuccessfully ? $"exit code {_process.Exited.Result.ToString(CultureInfo.InvariantCulture)}" : "it closed its pipes";
        return new ModelHubException(ErrorKind.Unavailable, code, $"{what}: {why}. End of its log:\n{Log.Tail(LinesTold)}");
    }

    private async Task WriteAsync(uint number, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var head = new byte[HeadLength];
        BinaryPrimitives.WriteUInt32BigEndian(head, (uint)body.Length + 6);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), number);
        await _writing.WaitAsync(cancellation);
        try
        {
            // Half a frame would garble all that follow: once begun it is written, or the process dies.
            await _process.Input.WriteAsync(head, CancellationToken.None);
            await _process.Input.WriteAsync(body, CancellationToken.None).AsTask().WaitAsync(cancellation);
            await _process.Input.FlushAsync(CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            _process.Kill("it did not read its requests");
            throw;
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            var head = new byte[HeadLength];
            while (true)
            {
                await _process.Output.ReadExactlyAsync(head);
                var length = BinaryPrimitives.ReadUInt32BigEndian(head) - 6L;
                var number = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4));
                if (length is < 0 or > MostBytes)
                {
                    _process.Kill("it wrote something else than an answer, or more than 256 MiB");
                    break;
                }
                var body = new byte[length];
                await _process.Output.ReadExactlyAsync(body);
                if (_pending.TryRemove(number, out var waiting))
                    waiting.TrySetResult((BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(8)), body));
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException)
        {
            // It closed the pipe: it has ended, or is about to.
        }
        await Task.WhenAny(_process.Exited, Task.Delay(TimeSpan.FromSeconds(1)));
        _process.Kill("it closed its pipes");
        var died = Died(_ready.Task.IsCompletedSuccessfully ? "The model's process ended" : "The model did not start");
        foreach (var number in _pending.Keys)
        {
            if (_pending.TryRemove(number, out var waiting))
                waiting.TrySetException(died);
        }
    }

    private static string Text(byte[] body) => System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 4000)));
}

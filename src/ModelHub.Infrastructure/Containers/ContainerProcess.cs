using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Infrastructure.Containers;

/// <summary>A container, attached to: what it reads and writes comes through one connection. When it has ended, it is removed.</summary>
internal sealed class ContainerProcess(EngineSocket engine, string id, bool hasPipes, long memory) : ISandboxedProcess
{
    private const int Killed = 137;
    private readonly Pipe _output = new(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));
    private readonly Pipe _said = new();
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private HttpResponseMessage? _attached;
    private Task _ending = Task.CompletedTask;
    private Stream? _connection;

    public Task<int> Exited => _exited.Task;

    public string? KilledFor { get; private set; }

    public Stream Input => _connection!;

    public Stream Output => field ??= _output.Reader.AsStream();

    public BoundedLog Log { get; } = new();

    /// <summary>Attaches to the container that was created, then starts it: nothing that it says is missed.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        _attached = await engine.SendAsync(
            HttpMethod.Post, $"/containers/{id}/attach?stream=1&stdin=1&stdout=1&stderr=1", null, cancellation, upgrades: true);
        _connection = await _attached.Content.ReadAsStreamAsync(cancellation);
        (await engine.SendAsync(HttpMethod.Post, $"/containers/{id}/start", null, cancellation)).Dispose();
        var logging = Log.ReadAsync(new StreamReader(_said.Reader.AsStream()));
        _ending = EndAsync(Task.WhenAll(ReadAsync(_connection), logging));
    }

    public void Kill(string reason)
    {
        lock (_gate)
        {
            if (Exited.IsCompleted || KilledFor is not null)
                return;
            KilledFor = reason;
        }
        _ = TryAsync(HttpMethod.Post, $"/containers/{id}/kill?signal=KILL");
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is null)
        {
            await TryAsync(HttpMethod.Delete, $"/containers/{id}?force=1&v=1");
            return;
        }
        Kill("it was stopped");
        await _output.Reader.CompleteAsync();
        await Task.WhenAny(_ending, Task.Delay(TimeSpan.FromSeconds(5)));
        _attached?.Dispose();
    }

    /// <summary>Engines send pieces of both outputs in turn: which one (1 byte), nothing (3 bytes), length (4 bytes), bytes.</summary>
    private async Task ReadAsync(Stream from)
    {
        var (head, buffer) = (new byte[8], new byte[1 << 16]);
        try
        {
            while (await from.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) == head.Length)
            {
                var target = hasPipes && head[0] == 1 ? _output.Writer : _said.Writer;
                for (var left = (long)BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4)); left > 0;)
                {
                    var read = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)));
                    if (read == 0)
                        return;
                    left -= read;
                    await target.WriteAsync(buffer.AsMemory(0, read));
                }
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException)
        {
            // The connection broke: the container has ended, or does now, for its standard input has.
        }
        finally
        {
            await _said.Writer.CompleteAsync();
        }
    }

    private async Task EndAsync(Task reading)
    {
        var code = -1;
        try
        {
            // Podman's own wait: before 4.6, it looks without any pause for who waits in Docker's words (containers/podman#18150), a processor for each.
            var path = engine.Libpod is { } version ? $"/v{version}/libpod/containers/{id}/wait?interval=100ms" : $"/containers/{id}/wait";
            using var waited = await engine.SendAsync(HttpMethod.Post, path, null, CancellationToken.None);
            using var answer = await JsonDocument.ParseAsync(await waited.Content.ReadAsStreamAsync());
            code = (engine.IsPodman ? answer.RootElement : answer.RootElement.GetProperty("StatusCode")).GetInt32();
        }
        catch (Exception gone) when (gone is ModelHubException or IOException or JsonException or KeyNotFoundException)
        {
            // The engine or the container went away under it; it has ended without a code.
        }
        finally
        {
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(1)));
            lock (_gate)
            {
                if (code == Killed)
                    KilledFor ??= string.Create(CultureInfo.InvariantCulture, $"it was killed, most likely since it used more memory than its limit of {memory >> 20} MiB (exit code {Killed})");
                _exited.TrySetResult(code);
            }
            // Whoever reads to the end finds the reason for it there.
            await _output.Writer.CompleteAsync();
            await TryAsync(HttpMethod.Delete, $"/containers/{id}?force=1&v=1");
        }
    }

    private async Task TryAsync(HttpMethod method, string path)
    {
        try
        {
            (await engine.SendAsync(method, path, null, CancellationToken.None)).Dispose();
        }
        catch (ModelHubException)
        {
            // It is gone already, or the engine is; what is left of it is swept when the engine is back.
        }
    }
}

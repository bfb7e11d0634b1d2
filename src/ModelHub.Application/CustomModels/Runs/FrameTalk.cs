using System.Buffers.Binary;
using System.Collections.Concurrent;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Talks with the runner that calls a model's hooks (custom.py), by frames through its pipes (see host.py).</summary>
internal sealed class FrameTalk : IModelTalk
{
    private const int HeadLength = 10;
    private readonly ISandboxedProcess _process;
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<(int Status, byte[] Body)>> _pending = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly TaskCompletionSource<(int Status, byte[] Body)> _ready = new();
    private uint _last;
    private volatile bool _isOver;

    public FrameTalk(ISandboxedProcess process)
    {
        _process = process;
        _pending[0] = _ready;
        _ = ReadAsync();
    }

    public Task ReadyAsync(CancellationToken cancellation) => _ready.Task.WaitAsync(cancellation);

    public async Task<(int Status, byte[] Body)> AskAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var number = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<(int, byte[])>();
        _pending[number] = answer;
        try
        {
            if (_isOver)
                throw new IOException("The process closed its pipes.");
            await WriteAsync(number, body, cancellation);
            await using var stop = cancellation.UnsafeRegister(_ => answer.TrySetCanceled(cancellation), null);
            return await answer.Task;
        }
        finally
        {
            _pending.TryRemove(number, out _);
        }
    }

    public void Dispose()
    {
        // Its pipes are the process's own.
    }

    private async Task WriteAsync(uint number, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        // In one piece: whoever reads is woken once.
        var frame = new byte[HeadLength + body.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)body.Length + 6);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), number);
        body.CopyTo(frame.AsMemory(HeadLength));
        await _writing.WaitAsync(cancellation);
        try
        {
            // Half a frame would garble all that follow: once begun it is written, or the process dies.
            await _process.Input.WriteAsync(frame, CancellationToken.None).AsTask().WaitAsync(cancellation);
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
                if (length is < 0 or > ModelWorker.MostBytes)
                {
                    _process.Kill("it wrote something else than an answer, or more than 256 MiB");
                    break;
                }
                var body = new byte[length];
                await _process.Output.ReadExactlyAsync(body);
                if (!_pending.TryRemove(number, out var waiting))
                    continue;
                var status = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(8));
                // Who waits alone goes on from here, without a change of threads; where others wait, none waits for what another does with its answer.
                if (_pending.IsEmpty)
                    waiting.TrySetResult((status, body));
                else
                    ThreadPool.UnsafeQueueUserWorkItem(_ => waiting.TrySetResult((status, body)), null);
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException)
        {
            // It closed the pipe: it has ended, or is about to.
        }
        _isOver = true;
        foreach (var number in _pending.Keys)
        {
            if (_pending.TryRemove(number, out var waiting))
                _ = Task.Run(() => waiting.TrySetException(new IOException("The process closed its pipes.")));
        }
    }
}

using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;

namespace ModelHub.Application.Scoring;

/// <summary>Long bodies: blocks of whole rows, several at once, answered in order.</summary>
public sealed partial class ScoringRun
{
    /// <param name="mostHeld">Bytes of the answer that wait for the body's end, in which case all can still be refused.</param>
    private async Task RunInBlocksAsync(Func<ChannelWriter<Task<Answered>>, CancellationToken, Task> readAll, long mostHeld, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var threads = Math.Max(1, Environment.ProcessorCount);
        var blocks = Channel.CreateBounded<Task<Answered>>(new BoundedChannelOptions(threads) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => readAll(blocks.Writer, stop.Token), stop.Token);
        var held = new Queue<Answered>();
        var started = false;
        try
        {
            await foreach (var coming in blocks.Reader.ReadAllAsync(cancellation))
            {
                var answered = await coming;
                RowCount += answered.Count;
                held.Enqueue(answered);
                mostHeld -= answered.Bytes.WrittenSpan.Length;
                if (RowCount > 0 && mostHeld < 0)
                    started = await SendAsync(held, started, cancellation);
            }
            await reading;
            if (RowCount > 0)
                await SendAsync(held, started, cancellation);
            else
                throw new RowRefusal(null, null, "There are no rows of data.");
            _format?.RequireEnd();
            _writer.End(RowCount, _output);
            await _output.FlushAsync(cancellation);
        }
        finally
        {
            await stop.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var answered in held)
                answered.Dispose();
            while (blocks.Reader.TryRead(out var left))
                _ = left.ContinueWith(t => t.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }
    }

    /// <summary>Sends what waits. Before it is called for the first time a refusal can still be told.</summary>
    private async Task<bool> SendAsync(Queue<Answered> held, bool started, CancellationToken cancellation)
    {
        if (!started)
        {
            Starting?.Invoke();
            _writer.Begin(_columns, _output);
        }
        while (held.TryDequeue(out var answered))
        {
            using (answered)
                _output.Write(answered.Bytes.WrittenSpan);
            await _output.FlushAsync(cancellation);
        }
        return true;
    }

    /// <summary>Starts each block of whole rows on its way.</summary>
    private async Task ReadAsync(PipeReader body, ChannelWriter<Task<Answered>> blocks, CancellationToken cancellation)
    {
        using var cutter = new RowCutter(_format, RowsAtOnce, body);
        // Not by the token: a read that is given up that way leaves a request's body as being read for ever, and its rest could never be read past.
        await using var ending = cancellation.UnsafeRegister(static read => ((PipeReader)read!).CancelPendingRead(), body);
        Task<long> before = Task.FromResult(0L);
        try
        {
            while (await cutter.NextAsync(cancellation) is { } rows)
            {
                before = await StartAsync(rows, before, blocks, cancellation);
                if (rows.IsFirst)
                    await before.WaitAsync(cancellation); // how many rows the next blocks may have is known when the columns are
            }
            blocks.Complete();
        }
        catch (RowRefusal refusal)
        {
            blocks.Complete(Refused(refusal, 0));
        }
        catch (Exception failure)
        {
            blocks.Complete(failure);
        }
    }

    private async Task<Task<long>> StartAsync(TextRows rows, Task<long> before, ChannelWriter<Task<Answered>> blocks, CancellationToken cancellation)
    {
        var counted = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await blocks.WaitToWriteAsync(cancellation);
        await blocks.WriteAsync(Task.Run(() => AnswerAsync(rows, before, counted, cancellation), cancellation), cancellation);
        return counted.Task;
    }

    private async Task<Answered> AnswerAsync(TextRows rows, Task<long> before, TaskCompletionSource<long> counted, CancellationToken cancellation)
    {
        var block = _model.RentBlock();
        try
        {
            RowRefusal? refusal = null;
            try
            {
                _format.Parse(rows.Span, block, rows.IsFirst);
            }
            catch (RowRefusal found)
            {
                refusal = found;
            }
            finally
            {
                rows.Dispose();
            }
            block.FirstRow = await before;
            if (refusal is not null)
                throw Refused(refusal, block.FirstRow);
            if (rows.IsFirst)
            {
                RequireKnown(block);
                _writer.Prepare(_columns);
            }
            counted.SetResult(block.FirstRow + block.Count);
            await ScoreAsync(block, cancellation);
            var answered = new Answered(block.Count);
            _writer.Rows(block, _columns, answered.Bytes);
            Scored?.Invoke(block, _columns);
            return answered;
        }
        catch (Exception failure)
        {
            counted.TrySetException(failure);
            _ = counted.Task.Exception;
            throw;
        }
        finally
        {
            _model.Return(block);
        }
    }

    /// <summary>The bytes that answer a block.</summary>
    private sealed class Answered(int count, int capacity = 64 << 10) : IDisposable
    {
        public int Count { get; } = count;

        public PooledBuffer Bytes { get; } = new(capacity);

        public void Dispose() => Bytes.Dispose();
    }
}

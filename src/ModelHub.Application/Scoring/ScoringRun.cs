using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>How rows are written down.</summary>
public enum RowFormat
{
    Csv,
    Json,

    /// <summary>One JSON record after the other, mostly one a line.</summary>
    JsonLines,
}

/// <summary>Writes scored rows in some format. <see cref="Rows"/> may be called from several threads; the others are not.</summary>
public interface IScoredRowsWriter
{
    /// <summary>Whether rows that came by column are taken from <see cref="RowBlock.Typed"/>, so that no cell is written down as text.</summary>
    bool TakesColumns => false;

    /// <summary>Whether it writes what moved the predictions.</summary>
    bool Explains => false;

    /// <summary>Whether it can write answers that are no numbers (<see cref="RowBlock.Answers"/>).</summary>
    bool WritesAnswers => false;

    /// <summary>Told once, when the first rows are read and before any is written.</summary>
    /// <exception cref="ModelHubException">The columns lack something that was asked for.</exception>
    void Prepare(RowColumns columns);

    /// <summary>What stands before the rows.</summary>
    void Begin(RowColumns columns, IBufferWriter<byte> output);

    void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output);

    void End(long rows, IBufferWriter<byte> output);
}

/// <summary>
/// One body of rows through a model. A body that is short is parsed, scored and answered in place; of a long one, blocks of whole rows
/// go through as they come in, several at once, and are answered in order before the rest has come. Memory is bounded by blocks, not by
/// the body.
/// </summary>
public sealed partial class ScoringRun
{
    private const int BlockBytes = 256 << 10;
    private const int LongestRow = 16 << 20;
    private readonly LoadedModel _model;
    private readonly RowColumns _columns;
    private readonly IRowFormat _format;
    private readonly IScoredRowsWriter _writer;
    private readonly PipeWriter _output;

    public ScoringRun(LoadedModel model, RowFormat format, KeptColumns kept, IScoredRowsWriter writer, PipeWriter output)
    {
        (_model, _writer, _output) = (model, writer, output);
        _columns = new RowColumns(model, kept, format != RowFormat.Csv && ReferenceEquals(kept, KeptColumns.None) && model.Trained is not null ? model.InputColumns : null);
        _format = Reading(model, format, _columns);
    }

    /// <summary>Asked when the first rows are about to be answered: the last moment to set headers.</summary>
    public Action? Starting { get; init; }

    /// <summary>Sees every scored block; of a long body several at once, in any order.</summary>
    public Action<RowBlock, RowColumns>? Scored { get; init; }

    /// <summary>What rows are compared with to explain them, for a model that can only be asked; null for no explanations.</summary>
    public ExplanationBaseline? Baseline { get; init; }

    public long RowCount { get; private set; }

    /// <exception cref="ModelHubException">The rows are refused (with row and column), or the model fails.</exception>
    public async Task RunAsync(PipeReader body, CancellationToken cancellation)
    {
        try
        {
            var read = await body.ReadAtLeastAsync(BlockBytes, cancellation);
            if (read.IsCompleted)
            {
                try
                {
                    await RunInPlaceAsync(read.Buffer, cancellation);
                }
                finally
                {
                    body.AdvanceTo(read.Buffer.End);
                }
                return;
            }
            await RunInBlocksAsync((blocks, stop) => ReadAsync(body, read, blocks, stop), mostHeld: 0, cancellation);
        }
        catch (RowRefusal refusal)
        {
            throw Refused(refusal, 0);
        }
    }

    private static IRowFormat Reading(LoadedModel model, RowFormat format, RowColumns columns) => format switch
    {
        RowFormat.Csv => new CsvRows(model, columns),
        RowFormat.Json => new JsonRows(columns, isLines: false),
        RowFormat.JsonLines => new JsonRows(columns, isLines: true),
    };

    /// <summary>The first row's cell of a column, as text; null when there is none, or the rows are broken (which scoring will say).</summary>
    internal static string? FirstCell(LoadedModel model, RowFormat format, string column, ReadResult read)
    {
        var columns = new RowColumns(model, new KeptColumns(false, new HashSet<string> { column }));
        var rows = Reading(model, format, columns);
        var block = model.RentBlock();
        try
        {
            var text = read.Buffer.ToArray();
            var head = rows.ReadHead(text, read.IsCompleted);
            if (head < 0)
                return null;
            block.MostRows = 1;
            rows.Parse(text.AsSpan(head), block, isFirst: true);
            if (columns.Find(column) is not (>= 0 and var own) || block.Count == 0 || block.CellOf(0, own) is not { Kind: not CellKind.Missing } cell)
                return null;
            return System.Text.Encoding.UTF8.GetString(block.TextOf(cell));
        }
        catch (RowRefusal)
        {
            return null;
        }
        finally
        {
            model.Return(block);
        }
    }

    private async ValueTask RunInPlaceAsync(ReadOnlySequence<byte> all, CancellationToken cancellation)
    {
        var rented = all.IsSingleSegment ? null : ArrayPool<byte>.Shared.Rent((int)all.Length);
        var block = _model.RentBlock();
        try
        {
            if (rented is not null)
                all.CopyTo(rented);
            var text = rented is null ? all.First : rented.AsMemory(0, (int)all.Length);
            Parse(text.Span, block);
            _writer.Prepare(_columns);
            await ScoreAsync(block, cancellation);
            RowCount = block.Count;
            Scored?.Invoke(block, _columns);
            Starting?.Invoke();
            _writer.Begin(_columns, _output);
            _writer.Rows(block, _columns, _output);
            _writer.End(RowCount, _output);
        }
        finally
        {
            _model.Return(block);
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }
        await _output.FlushAsync(cancellation);
    }

    private async ValueTask ScoreAsync(RowBlock block, CancellationToken cancellation)
    {
        block.TakesAnswers = _writer.WritesAnswers;
        await block.ScoreAsync(_columns, cancellation);
        if (Baseline is not null)
            await block.AskAsync(_columns, Baseline, cancellation);
    }

    private void Parse(ReadOnlySpan<byte> text, RowBlock block)
    {
        if (text.IsEmpty)
            throw new RowRefusal(null, null, "The body is empty.");
        var head = _format.ReadHead(text, isAll: true);
        _format.Parse(text[head..], block, isFirst: true);
        _format.RequireEnd();
        if (block.Count == 0)
            throw new RowRefusal(null, null, "There are no rows of data.");
    }

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

    /// <summary>Cuts the body into blocks of whole rows and starts each on its way.</summary>
    private async Task ReadAsync(PipeReader body, ReadResult read, ChannelWriter<Task<Answered>> blocks, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes * 2);
        Task<long> before = Task.FromResult(0L);
        try
        {
            var (length, head, isFirst) = (0, -1, true);
            var state = default(ScanState);
            while (true)
            {
                var coming = (int)Math.Min(read.Buffer.Length, LongestRow);
                if (length + coming > buffer.Length)
                    Grow(ref buffer, length, length + coming);
                var taken = read.Buffer.Slice(0, coming);
                taken.CopyTo(buffer.AsSpan(length));
                length += coming;
                var isAll = read.IsCompleted && taken.Length == read.Buffer.Length;
                body.AdvanceTo(taken.End);
                if (head < 0)
                {
                    head = _format.ReadHead(buffer.AsSpan(0, length), isAll);
                    state.At = Math.Max(0, head);
                }
                var end = isAll ? length : head < 0 ? -1 : _format.LastBoundary(buffer.AsSpan(0, length), ref state);
                if (end > head && head >= 0)
                {
                    before = await StartAsync(buffer.AsSpan(head, end - head).ToArray(), before, isFirst, blocks, cancellation);
                    isFirst = false;
                    buffer.AsSpan(end, length - end).CopyTo(buffer);
                    (length, state.At, head) = (length - end, state.At - end, 0);
                }
                else if (length > LongestRow)
                {
                    throw new RowRefusal(null, null, $"A row is longer than {LongestRow} bytes.");
                }
                if (isAll)
                    break;
                read = await body.ReadAtLeastAsync(BlockBytes, cancellation);
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
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<Task<long>> StartAsync(
        byte[] rows, Task<long> before, bool isFirst, ChannelWriter<Task<Answered>> blocks, CancellationToken cancellation)
    {
        var counted = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await blocks.WaitToWriteAsync(cancellation);
        await blocks.WriteAsync(Task.Run(() => AnswerAsync(rows, before, isFirst, counted, cancellation), cancellation), cancellation);
        return counted.Task;
    }

    private async Task<Answered> AnswerAsync(byte[] rows, Task<long> before, bool isFirst, TaskCompletionSource<long> counted, CancellationToken cancellation)
    {
        var block = _model.RentBlock();
        try
        {
            RowRefusal? refusal = null;
            try
            {
                _format.Parse(rows, block, isFirst);
            }
            catch (RowRefusal found)
            {
                refusal = found;
            }
            block.FirstRow = await before;
            if (refusal is not null)
                throw Refused(refusal, block.FirstRow);
            if (isFirst)
                _writer.Prepare(_columns);
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

    private static void Grow(ref byte[] buffer, int length, int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(needed);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }

    private static ModelHubException Refused(RowRefusal refusal, long firstRow)
    {
        var said = new Datasets.Formats.DatasetFormatException(refusal.Message, refusal.Row is { } row ? firstRow + row + 1 : null, refusal.Column);
        return new ModelHubException(ErrorKind.Invalid, "bad_rows", said.Message, inner: said);
    }

    /// <summary>The bytes that answer a block.</summary>
    private sealed class Answered(int count, int capacity = 64 << 10) : IDisposable
    {
        public int Count { get; } = count;

        public PooledBuffer Bytes { get; } = new(capacity);

        public void Dispose() => Bytes.Dispose();
    }
}

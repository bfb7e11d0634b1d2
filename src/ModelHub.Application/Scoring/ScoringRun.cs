using System.Buffers;
using System.IO.Pipelines;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>
/// One body of rows through a model. A body that is short is parsed, scored and answered in place; of a long one, blocks of whole rows
/// go through as they come in, several at once, and are answered in order before the rest has come. Memory is bounded by blocks, not by
/// the body.
/// </summary>
public sealed partial class ScoringRun
{
    /// <summary>Bytes that a block of rows is answered with beside its own cells.</summary>
    private const int MostAnswered = 4 << 20;

    private const int FewRows = 256;

    /// <summary>Single rows are not worth the question how many of them are too many.</summary>
    private const int ShortBody = 4096;

    /// <summary>Of a name and a number of an explanation.</summary>
    private const int ExplanationBytes = 100;
    private readonly LoadedModel _model;
    private readonly KeptColumns _kept;
    private readonly RowColumns _columns;
    private readonly IRowFormat _format;
    private readonly IScoredRowsWriter _writer;
    private readonly PipeWriter _output;

    public ScoringRun(LoadedModel model, RowFormat format, KeptColumns kept, IScoredRowsWriter writer, PipeWriter output)
    {
        (_model, _kept, _writer, _output) = (model, kept, writer, output);
        _columns = format == RowFormat.Csv ? new RowColumns(model, kept) : RowColumns.OfRecords(model, kept);
        _format = IRowFormat.Of(format, model, _columns);
    }

    /// <summary>Asked when the first rows are about to be answered: the last moment to set headers.</summary>
    public Action? Starting { get; init; }

    /// <summary>Sees every scored block; of a long body several at once, in any order.</summary>
    public Action<RowBlock, RowColumns>? Scored { get; init; }

    /// <summary>What rows are compared with to explain them, for a model that can only be asked; null for no explanations.</summary>
    public ExplanationBaseline? Baseline { get; init; }

    public long RowCount { get; private set; }

    /// <summary>Rows that go through the model at once at most: short ones take, and are answered with, far more than their text.</summary>
    private int MostRows => Math.Clamp((1 << 20) / Math.Max(_model.OutputCount + 1, _model.Trained?.FeatureCount ?? 0), 1, 8192);

    /// <exception cref="ModelHubException">The rows are refused (with row and column), or the model fails.</exception>
    public async Task RunAsync(PipeReader body, CancellationToken cancellation)
    {
        // However long the body is, its model is not stopped before the end.
        var isHeld = _model.TryHold();
        try
        {
            var read = await body.ReadAtLeastAsync(RowCutter.BlockBytes, cancellation);
            if (!read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start);
                if (_columns.IsGuess)
                    _columns.Settle(false); // several blocks are read at once, and only one has the first record
                await RunInBlocksAsync((blocks, stop) => ReadAsync(body, blocks, stop), mostHeld: 0, cancellation);
                return;
            }
            try
            {
                await RunInPlaceAsync(read.Buffer, cancellation);
            }
            finally
            {
                body.AdvanceTo(read.Buffer.End);
            }
        }
        catch (RowRefusal refusal)
        {
            throw Refused(refusal, RowCount);
        }
        finally
        {
            if (isHeld)
                _model.Release();
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
            while (RowCount == 0 || !text.IsEmpty)
            {
                text = text[Parse(text.Span, block)..];
                await ScoreAsync(block, cancellation);
                Scored?.Invoke(block, _columns);
                if (RowCount == 0)
                {
                    Starting?.Invoke();
                    _writer.Begin(_columns, _output);
                }
                _writer.Rows(block, _columns, _output);
                RowCount += block.Count;
                if (!text.IsEmpty)
                    await _output.FlushAsync(cancellation);
            }
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

    /// <summary>The next rows of a body that is there: all of them, unless they are short and many.</summary>
    /// <returns>Bytes that were taken.</returns>
    private int Parse(ReadOnlySpan<byte> text, RowBlock block)
    {
        if (text.IsEmpty)
            throw new RowRefusal(null, null, "The body is empty.");
        var isFirst = RowCount == 0;
        block.Clear();
        block.FirstRow = RowCount;
        var head = isFirst ? _format.ReadHead(text, isAll: true) : 0;
        block.MostRows = text.Length <= ShortBody ? MostRows : RowsAtOnce();
        var taken = head + _format.Parse(text[head..], block, isFirst);
        if (!isFirst)
            return taken;
        Check(text[taken..], block.Count);
        if (block.Count == 0)
            throw new RowRefusal(null, null, "There are no rows of data.");
        RequireKnown(block);
        if (_format is JsonRows)
            _columns.Remember();
        _writer.Prepare(_columns);
        return taken;
    }

    /// <summary>Reads the rows behind the first block for what is wrong with them: until one is answered, that can still be told.</summary>
    private void Check(ReadOnlySpan<byte> rest, long firstRow)
    {
        var block = _model.RentBlock();
        try
        {
            while (!rest.IsEmpty)
            {
                block.Clear();
                block.MostRows = RowsAtOnce();
                rest = rest[_format.Parse(rest, block, isFirst: false)..];
                firstRow += block.Count;
            }
            _format.RequireEnd();
        }
        catch (RowRefusal refusal)
        {
            throw Refused(refusal, firstRow);
        }
        finally
        {
            _model.Return(block);
        }
    }

    /// <summary>Rows that are to go through the model at once: few enough that what they are answered with is a few megabytes.</summary>
    private int RowsAtOnce()
    {
        var most = _columns.Now.IsEmpty ? FewRows : MostRows; // the first records may name thousands of columns
        return (int)Math.Clamp(MostAnswered / AnswerBytes(), 1, most);
    }

    /// <summary>
    /// What a row may be answered with beside its own cells. One of two bytes may be answered with the names of all its columns and of all classes, and with
    /// a hundred explanations. JSON tells the names of what is passed through with each row itself.
    /// </summary>
    private long AnswerBytes()
    {
        var bytes = 64L + _kept.Names.Sum(n => n.Length + 16L) + _model.Header.Classes.Sum(c => c.Length + 32L);
        if (_writer.Explains)
            bytes += ExplanationBytes * (long)Math.Clamp(_model.Header.Inputs.Count, 1, 100);
        foreach (var column in _columns.Now)
        {
            if (_columns.IsAsked(column.Name))
                bytes += _writer.TellsNames && _format is not JsonRows ? column.Utf8.Length + 16 : 8;
        }
        return bytes;
    }

    /// <summary>
    /// Rows of which the model reads nothing were meant for another one, or have no header: they would all get one answer, and nobody would
    /// be told. Runners are given the columns and say themselves.
    /// </summary>
    /// <param name="first">The first rows; null when only columns are known yet.</param>
    private void RequireKnown(RowBlock? first)
    {
        if (_model.Trained is not { Inputs.Count: > 0 } trained || first is { Count: 0 } or { NamesInputs: true }
            || _format is not JsonRows && _columns.All.Any(c => c.Input >= 0))
            return;
        var named = string.Join(", ", trained.Inputs.Take(5).Select(i => $"'{i.Name}'"));
        throw new RowRefusal(
            null, null, $"None of the columns is one that the model reads. It reads {named}{(trained.Inputs.Count > 5 ? $" and {trained.Inputs.Count - 5} more" : "")}.");
    }

    private static ModelHubException Refused(RowRefusal refusal, long firstRow)
    {
        var said = new Datasets.Formats.DatasetFormatException(refusal.Message, refusal.Row is { } row ? firstRow + row + 1 : null, refusal.Column);
        return new ModelHubException(ErrorKind.Invalid, "bad_rows", said.Message, inner: said);
    }
}

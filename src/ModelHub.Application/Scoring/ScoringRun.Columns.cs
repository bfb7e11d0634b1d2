using System.IO.Pipelines;
using System.Threading.Channels;
using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>Files of typed columns through a model: row group by row group, with the same blocks, order and bounds as text.</summary>
public sealed partial class ScoringRun
{
    /// <summary>
    /// Answers that are held back at first: a file can turn out to be damaged far behind its beginning, and until the answer starts that can
    /// still be said.
    /// </summary>
    private const long MostHeld = 16 << 20;

    /// <summary>Bytes that a batch of the file is answered with beside its cells: thousands of columns of which nothing is there but their names.</summary>
    private const long MostOfBatch = 512 << 20;

    private ScoringRun(LoadedModel model, KeptColumns kept, IScoredRowsWriter writer, PipeWriter output)
    {
        (_model, _kept, _writer, _output, _format) = (model, kept, writer, output, null!);
        _columns = new RowColumns(model, kept);
    }

    /// <summary>Scores a Parquet file: the body is kept on disk while it is read, since its end must be read first.</summary>
    /// <param name="kept">Columns whose cells the answer takes.</param>
    /// <param name="writer">Given the file's columns, the writer of the answer.</param>
    /// <param name="starting">See <see cref="Starting"/>.</param>
    /// <returns>Rows that were scored.</returns>
    /// <exception cref="ModelHubException">The file is damaged or too large, the library that reads it is missing, or the model fails.</exception>
    public static async Task<long> RunParquetAsync(
        LoadedModel model, IParquetFiles parquet, PipeReader body, long mostBytes, KeptColumns kept,
        Func<IReadOnlyList<TypedColumn>, IScoredRowsWriter> writer, PipeWriter output, Action starting, CancellationToken cancellation)
    {
        using var file = new SpooledFile();
        await file.FillAsync(body, mostBytes, cancellation);
        using var rows = await Task.Run(() => parquet.Open(file.Path, cancellation), CancellationToken.None);
        var isHeld = model.TryHold();
        var run = new ScoringRun(model, kept, writer(rows.Columns), output) { Starting = starting };
        try
        {
            run._columns.AddAll([.. rows.Columns.Select(c => System.Text.Encoding.UTF8.GetBytes(c.Name))]);
            run.RequireKnown(null);
            var wanted = Wanted(model, run._columns.Now.ToArray(), rows.Columns);
            if (rows.RowCount > mostBytes / BytesOfRow(wanted, rows.Columns))
                throw TooLarge(mostBytes);
            rows.Choose(wanted);
            await run.RunInBlocksAsync((blocks, stop) => run.ReadColumnsAsync(rows, mostBytes, blocks, stop), MostHeld, cancellation);
        }
        catch (RowRefusal refusal)
        {
            throw Refused(refusal, 0);
        }
        finally
        {
            if (isHeld)
                model.Release();
        }
        return run.RowCount;
    }

    private static ColumnChoices Wanted(LoadedModel model, RowColumn[] columns, IReadOnlyList<TypedColumn> typed)
    {
        var isNumber = columns.Select((c, at) => RowBlock.IsNumber(c, typed[at].Type)).ToArray();
        return new ColumnChoices(
            [.. columns.Select((c, at) => c.IsKept || c.Input >= 0 && !isNumber[at])], [.. columns.Select((c, at) => isNumber[at] ? c.Feature : -1)],
            model.Trained?.FeatureCount ?? 0);
    }

    /// <summary>What a row takes at least.</summary>
    private static long BytesOfRow(ColumnChoices wanted, IReadOnlyList<TypedColumn> typed) =>
        Math.Max(1, 4L * wanted.Width + typed.Where((_, at) => wanted.Cells[at]).Sum(c => (long)Math.Max(1, c.Width)));

    private static ModelHubException TooLarge(long mostBytes) => new(ErrorKind.TooLarge, "body_too_large", $"The unpacked rows are larger than {mostBytes} bytes.");

    private async Task ReadColumnsAsync(IColumnReader rows, long mostBytes, ChannelWriter<Task<Answered>> blocks, CancellationToken cancellation)
    {
        try
        {
            // Told before any block is on its way: they are answered side by side.
            _writer.Prepare(_columns);
            var answer = AnswerBytes();
            var first = 0L;
            var bytes = 0L;
            while (await rows.ReadAsync() is { } batch)
            {
                var from = first;
                first += batch.Count;
                // What a small file can grow to: the same bound as for a packed text.
                bytes += batch.Bytes;
                if (bytes > mostBytes || batch.Count * answer > MostOfBatch)
                {
                    batch.Dispose();
                    throw bytes > mostBytes ? TooLarge(mostBytes) : new ModelHubException(
                        ErrorKind.Invalid, "bad_rows", "The columns of the file have names that are too long, or too many, to be told with every row: leave some out.");
                }
                await blocks.WaitToWriteAsync(cancellation);
                await blocks.WriteAsync(Task.Run(() => AnswerAsync(batch, from, cancellation), CancellationToken.None), cancellation);
            }
            blocks.Complete();
        }
        catch (Exception failure)
        {
            blocks.Complete(failure);
        }
    }

    private async Task<Answered> AnswerAsync(ColumnBatch batch, long firstRow, CancellationToken cancellation)
    {
        var block = _model.RentBlock();
        try
        {
            block.Fill(batch, _columns, keepTexts: !_writer.TakesColumns);
            block.FirstRow = firstRow;
            await block.ScoreAsync(_columns, cancellation);
            // The cells come back as they are, with a label and some numbers beside them.
            var answered = new Answered(block.Count, (int)Math.Min(1 << 30, batch.Bytes * 5 / 4 + block.Count * (32L + 8 * _model.OutputCount)));
            _writer.Rows(block, _columns, answered.Bytes);
            return answered;
        }
        finally
        {
            _model.Return(block);
            batch.Dispose();
        }
    }
}

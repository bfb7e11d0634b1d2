using System.IO.Pipelines;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Parquet;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Batches;

/// <summary>Scores a stored file into another one. A row that is refused fails the whole, and the job says which row it was.</summary>
public sealed class BatchHandler(HubDbContext db, IArtifactStore store, ModelCache models, IParquetFiles parquet, IBatchWriters writers) : IJobHandler
{
    public const string JobKind = "model.batch";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var batch = await db.Set<BatchPrediction>().AsNoTracking().FirstOrDefaultAsync(b => b.Id == run.Job.SubjectId, cancellation)
            ?? throw ModelHubException.NotFound("batch prediction");
        var model = await models.GetAsync(batch.ModelId, cancellation);
        await using var input = await store.OpenAsync(batch.InputSha256!, cancellation);
        long rows = 0;
        var length = Math.Max(1.0, input.Length);
        void Count(RowBlock block)
        {
            var done = Interlocked.Add(ref rows, block.Count);
            run.Report(Math.Min(0.99, input.Position / length), $"{done} rows");
        }

        var result = await store.PutAsync(
            async (stream, stop) =>
            {
                var output = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
                await ScoreAsync(model, batch, input, output, Count, stop);
                await output.CompleteAsync();
            },
            cancellation);
        await run.CommitAsync(
            async fresh =>
            {
                var own = await fresh.Set<BatchPrediction>().FirstOrDefaultAsync(b => b.Id == batch.Id) ?? throw ModelHubException.NotFound("batch prediction");
                await ArtifactRows.EnsureAsync(fresh, result, own.CreatedAt, CancellationToken.None);
                own.Finish(result, rows);
            },
            CancellationToken.None);
    }

    public Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation) => Task.CompletedTask;

    private async Task ScoreAsync(
        LoadedModel model, BatchPrediction batch, Stream input, PipeWriter output, Action<RowBlock> count, CancellationToken cancellation)
    {
        var body = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 64 << 10, leaveOpen: true));
        if (batch.Input == BatchFormat.Parquet)
        {
            await ScoringRun.RunParquetAsync(
                model, parquet, body, long.MaxValue, KeptColumns.Everything, columns => new Counted(writers.Create(model, batch.Output, columns), count), output, () => { }, cancellation);
            return;
        }
        var format = batch.Input switch { BatchFormat.Json => RowFormat.Json, BatchFormat.JsonLines => RowFormat.JsonLines, _ => RowFormat.Csv };
        await new ScoringRun(model, format, KeptColumns.Everything, new Counted(writers.Create(model, batch.Output, null), count), output).RunAsync(body, cancellation);
    }

    /// <summary>A writer whose rows are counted.</summary>
    private sealed class Counted(IScoredRowsWriter writer, Action<RowBlock> count) : IScoredRowsWriter
    {
        public bool TakesColumns => writer.TakesColumns;

        public bool Explains => writer.Explains;

        public bool TellsNames => writer.TellsNames;

        public bool WritesAnswers => writer.WritesAnswers;

        public void Prepare(RowColumns columns) => writer.Prepare(columns);

        public void Begin(RowColumns columns, System.Buffers.IBufferWriter<byte> output) => writer.Begin(columns, output);

        public void Rows(RowBlock block, RowColumns columns, System.Buffers.IBufferWriter<byte> output)
        {
            writer.Rows(block, columns, output);
            count(block);
        }

        public void End(long rows, System.Buffers.IBufferWriter<byte> output) => writer.End(rows, output);
    }
}

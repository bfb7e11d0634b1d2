using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application.Deployments;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Monitoring;

/// <summary>
/// Scores with shadows what was answered already, behind the requests: a bounded queue, one reader. What does not fit is let go; a body
/// beyond <see cref="LargestBody"/> is not shadowed.
/// </summary>
public sealed class ShadowScoring(PredictionLog predictions, ILogger<ShadowScoring> log) : BackgroundService
{
    public const int LargestBody = (256 << 10) - 1; // such bodies are scored in one piece, so their outputs are in order
    private const double Same = 1e-3;
    private readonly Channel<Request> _requests = Channel.CreateBounded<Request>(
        new BoundedChannelOptions(256) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    /// <param name="answered">Outputs of the model that answered, row after row.</param>
    public void Enqueue(ServedDeployment deployment, RowFormat format, byte[] body, double[] answered) =>
        _requests.Writer.TryWrite(new Request(deployment, format, body, answered));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var request in _requests.Reader.ReadAllAsync(stoppingToken))
        {
            foreach (var shadow in request.Deployment.Shadows)
                await ScoreAsync(request, shadow, stoppingToken);
        }
    }

    private async Task ScoreAsync(Request request, LoadedModel shadow, CancellationToken cancellation)
    {
        try
        {
            var kept = request.Deployment.Settings.AssociationId is { } name
                ? new KeptColumns(false, new HashSet<string>(StringComparer.Ordinal) { name }) : KeptColumns.None;
            var outputs = new ArrayBufferWriter<double>();
            var run = new ScoringRun(shadow, request.Format, kept, Unwritten.Instance, PipeWriter.Create(Stream.Null))
            {
                Scored = (block, columns) =>
                {
                    predictions.Scored(request.Deployment, shadow, block, columns);
                    outputs.Write(block.Outputs);
                },
            };
            await run.RunAsync(PipeReader.Create(new ReadOnlySequence<byte>(request.Body)), cancellation);
            predictions.Compared(request.Deployment.Id, shadow.Id, Compare(shadow, request.Answered, outputs.WrittenSpan));
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            log.LogDebug("A shadow of {Deployment} failed: {Reason}", request.Deployment.Id, failure.Message);
            predictions.Answered(request.Deployment.Id, shadow.Id, 0, TimeSpan.Zero, isError: true);
        }
    }

    private static Comparison Compare(LoadedModel model, ReadOnlySpan<double> answered, ReadOnlySpan<double> shadowed)
    {
        if (answered.Length != shadowed.Length)
            return new Comparison(0, 0, 0);
        var width = model.OutputCount;
        long agreed = 0;
        var difference = 0.0;
        for (var at = 0; at < answered.Length; at += width)
        {
            var one = answered.Slice(at, width);
            var other = shadowed.Slice(at, width);
            var (value, otherValue) = (Baseline.Prediction(one, model.Task), Baseline.Prediction(other, model.Task));
            difference += model.Task == TaskKind.Multiclass ? Math.Abs(one[(int)value] - other[(int)value]) : Math.Abs(value - otherValue);
            agreed += model.Task switch
            {
                TaskKind.Multiclass => value == otherValue,
                TaskKind.Binary => value > 0.5 == otherValue > 0.5,
                TaskKind.Regression => Math.Abs(value - otherValue) <= Same * Math.Max(Math.Abs(value), Math.Abs(otherValue)),
            } ? 1 : 0;
        }
        return new Comparison(answered.Length / width, agreed, difference);
    }

    private sealed record Request(ServedDeployment Deployment, RowFormat Format, byte[] Body, double[] Answered);

    private sealed class Unwritten : IScoredRowsWriter
    {
        public static Unwritten Instance { get; } = new();

        public void Prepare(RowColumns columns)
        {
        }

        public void Begin(RowColumns columns, IBufferWriter<byte> output)
        {
        }

        public void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output)
        {
        }

        public void End(long rows, IBufferWriter<byte> output)
        {
        }
    }
}

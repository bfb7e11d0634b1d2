using System.Buffers;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application.Deployments;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Monitoring;

/// <summary>A prediction to keep until its outcome is known.</summary>
internal readonly record struct ToKeep(string AssociationId, double[] Outputs);

/// <summary>Rows on their way to being counted. The arrays are pooled.</summary>
internal sealed record Sample(
    Guid DeploymentId, LoadedModel Model, float[] Features, double[] Outputs, int Rows, IReadOnlyList<ToKeep> Kept);

/// <summary>A request that was answered, or refused.</summary>
internal readonly record struct Answered(Guid DeploymentId, Guid ModelId, long Rows, double Milliseconds, bool IsError);

/// <summary>
/// Counts what deployments do without ever slowing them: requests leave a note in a bounded queue, a single reader adds the notes up and
/// writes the sums every few seconds. When more comes than can be counted, samples are let go, and that is counted.
/// </summary>
public sealed class PredictionLog(WindowWriter windows, TimeProvider clock, ILogger<PredictionLog> log) : BackgroundService
{
    private const int MostSampledRows = 64;
    private const int MostKeptRows = 10_000;
    private const int MostWaiting = 8192;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private readonly Channel<object> _notes = Channel.CreateBounded<object>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private long _dropped;

    /// <summary>Samples that were let go since the process began.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Notes some of a block's rows; and, where a deployment keeps predictions, all of them that have an association id.</summary>
    public void Scored(ServedDeployment deployment, LoadedModel model, RowBlock block, RowColumns columns)
    {
        if (_notes.Reader.Count >= MostWaiting)
        {
            Interlocked.Increment(ref _dropped);
            return;
        }
        var rows = Math.Min(block.Count, MostSampledRows);
        var features = ArrayPool<float>.Shared.Rent(Math.Max(1, rows * block.Width));
        var outputs = ArrayPool<double>.Shared.Rent(rows * model.OutputCount);
        block.Features[..(rows * block.Width)].CopyTo(features);
        block.Outputs[..(rows * model.OutputCount)].CopyTo(outputs);
        if (!_notes.Writer.TryWrite(new Sample(deployment.Id, model, features, outputs, rows, Kept(deployment, block, columns))))
            Interlocked.Increment(ref _dropped);
    }

    public void Answered(Guid deploymentId, Guid modelId, long rows, TimeSpan took, bool isError) =>
        _notes.Writer.TryWrite(new Answered(deploymentId, modelId, rows, took.TotalMilliseconds, isError));

    /// <summary>Notes how a shadow's predictions differ from the answered ones.</summary>
    internal void Compared(Guid deploymentId, Guid modelId, Comparison comparison) => _notes.Writer.TryWrite((deploymentId, modelId, comparison));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await WriteAsync(stoppingToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    /// <summary>Adds up what has come and writes it; what cannot be written is tried again with the next.</summary>
    internal async Task WriteAsync(CancellationToken cancellation)
    {
        try
        {
            for (var left = _notes.Reader.Count; left > 0 && _notes.Reader.TryRead(out var note); left--)
                await windows.AddAsync(note, cancellation);
            await windows.WriteAsync(Interlocked.Exchange(ref _dropped, 0), cancellation);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            log.LogWarning("What deployments did could not be written down: {Reason}", failure.Message);
        }
    }

    private static List<ToKeep> Kept(ServedDeployment deployment, RowBlock block, RowColumns columns)
    {
        var kept = new List<ToKeep>();
        if (!deployment.Settings.KeepPredictions || deployment.Settings.AssociationId is not { } name || columns.Find(name) is not (>= 0 and var column))
            return kept;
        for (var r = 0; r < block.Count && kept.Count < MostKeptRows; r++)
        {
            var cell = block.CellOf(r, column);
            if (cell.Kind != CellKind.Missing && cell.Length <= 200)
                kept.Add(new ToKeep(System.Text.Encoding.UTF8.GetString(block.TextOf(cell)).Replace("\0", "", StringComparison.Ordinal), block.OutputsOf(r).ToArray()));
        }
        return kept;
    }
}

using ModelHub.Application.Scoring;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Serving;

/// <summary>A model ready to score, and whose it is: one of the engine's, or a runner.</summary>
public sealed class LoadedModel
{
    private const int MostBytesKept = 2 << 20;

    /// <summary>For those who were handed the model before it was let go, and are about to ask it.</summary>
    private static readonly TimeSpan LastCall = TimeSpan.FromSeconds(1);

    private readonly System.Collections.Concurrent.ConcurrentBag<RowBlock> _blocks = [];
    private int _kept;
    private RowColumn[]? _inputColumns;
    private string? _hexId;
    private int _holders = 1; // the cache that made it

    public LoadedModel(Guid id, Guid projectId, string name, TrainedModel model, long size)
    {
        (Id, ProjectId, Name, Trained, Header, Size) = (id, projectId, name, model.Packed(), model.Header, size);
    }

    public LoadedModel(Guid id, Guid projectId, string name, IModelRunner runner, long size)
    {
        (Id, ProjectId, Name, Runner, Header, Size) = (id, projectId, name, runner, runner.Header, size);
    }

    public Guid Id { get; }

    public Guid ProjectId { get; }

    public string Name { get; }

    /// <summary>The engine's own: scores rows one by one and in blocks, explains exactly. Null for a runner.</summary>
    public TrainedModel? Trained { get; }

    public IModelRunner? Runner { get; }

    /// <summary>The runner, where its answers are no numbers; null for models that score.</summary>
    public IAnsweringModel? Answering => Runner is IAnsweringModel { HasNumbers: false } answering ? answering : null;

    public ModelHeader Header { get; }

    /// <summary>Bytes in memory, roughly.</summary>
    public long Size { get; }

    /// <summary>Nonconformity of the validated rows by coverage, for intervals; empty when there were none.</summary>
    public IReadOnlyList<Models.ConformalQuantile> Conformal { get; init; } = [];

    public TaskKind Task => Header.Task;

    public bool IsBinary => Task == TaskKind.Binary;

    public bool IsRegression => Task == TaskKind.Regression;

    /// <summary>Numbers per row: a probability per class (binary: negative, positive), or one value.</summary>
    public int OutputCount => Task == TaskKind.Regression ? 1 : Header.Classes.Count;

    /// <summary>The model's inputs as columns, which JSON records are compared with first.</summary>
    internal RowColumn[] InputColumns => _inputColumns ??=
        [.. Header.Inputs.Select(input => RowColumn.Of(this, input.Name, System.Text.Encoding.UTF8.GetBytes(input.Name), isKept: false))];

    /// <summary>The header of the last CSV whose cells were not kept: most come again and again.</summary>
    internal KnownHeader? LastHeader { get; set; }

    /// <summary>The columns of the last short body of JSON records, for a runner: most have the same again.</summary>
    internal RowColumn[]? LastRecord { get; set; }

    /// <summary>Its id as 24 digits.</summary>
    public string HexId => _hexId ??= Identity.HubId.ToHex(Id);

    /// <summary>Whether somebody beside the cache holds it.</summary>
    internal bool IsHeld => Volatile.Read(ref _holders) > 1;

    /// <summary>Its runner goes on until <see cref="Release"/>; false when everybody has let go of it already.</summary>
    internal bool TryHold()
    {
        for (var holders = Volatile.Read(ref _holders); holders > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
                return true;
            holders = seen;
        }
        return false;
    }

    /// <summary>Ends a hold; the last one stops the runner, when it has answered.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && Runner is { } runner)
            _ = StopAsync(runner);
    }

    private static async Task StopAsync(IModelRunner runner)
    {
        await System.Threading.Tasks.Task.Delay(LastCall);
        await runner.DisposeAsync();
    }

    /// <summary>Room for rows on their way through this model; given back with <see cref="Return"/>.</summary>
    internal RowBlock RentBlock() => TakeBlock() ?? new RowBlock(this);

    internal void Return(RowBlock block)
    {
        block.Clear();
        if (block.BytesHeld >= MostBytesKept)
            return;
        if (Interlocked.Increment(ref _kept) <= Environment.ProcessorCount * 2) // counted here: the bag's own count takes every thread's lock
            _blocks.Add(block);
        else
            Interlocked.Decrement(ref _kept);
    }

    private RowBlock? TakeBlock()
    {
        if (!_blocks.TryTake(out var block))
            return null;
        Interlocked.Decrement(ref _kept);
        return block;
    }

    /// <summary>Whether an input takes numbers as they are; of a runner none is known to.</summary>
    public bool ReadsNumber(int input) =>
        input >= 0 && Trained?.Inputs[input] is { Encoding: Engine.Preparation.Encoding.Number, Kind: not ColumnKind.Boolean };

    /// <summary>The class of a row's probabilities, by its number.</summary>
    public int Decide(ReadOnlySpan<double> outputs) => Engine.Metrics.EvaluationReport.Decide(outputs, Header.Threshold);

    /// <summary>The same with a threshold that is not the model's own; it matters to binary models only.</summary>
    public int Decide(ReadOnlySpan<double> outputs, double threshold) => Engine.Metrics.EvaluationReport.Decide(outputs, threshold);

    /// <summary>Rows × <see cref="OutputCount"/>, row after row.</summary>
    public async ValueTask<double[]> PredictAsync(Table rows, CancellationToken cancellation) =>
        Trained is not null ? Trained.Predict(rows, cancellation) : await Runner!.PredictAsync(rows, cancellation);
}

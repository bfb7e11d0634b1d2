using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>
/// Answers for one version with as many processes as it has replicas. A process that died is replaced, ever more slowly the more often it
/// dies, and the request that it had is tried once more.
/// </summary>
public sealed class ModelServer : IModelRunner, IAnsweringModel
{
    private const int RowsAtOnce = 20_000;
    private const int LongestPause = 60;
    private readonly ISandbox _sandbox;
    private readonly ModelProgram _program;
    private readonly string _host;
    private readonly TimeProvider _clock;
    private readonly Slot[] _slots;
    private readonly CancellationTokenSource _stopping = new();
    private int _asking;

    public ModelServer(ISandbox sandbox, ModelProgram program, string host, TimeProvider clock)
    {
        (_sandbox, _program, _host, _clock) = (sandbox, program, host, clock);
        _slots = [.. Enumerable.Range(0, program.Replicas).Select(_ => new Slot())];
        var task = program.TargetType switch
        {
            TargetType.Binary => TaskKind.Binary,
            TargetType.Multiclass => TaskKind.Multiclass,
            _ => TaskKind.Regression,
        };
        Header = new ModelHeader("custom", task, program.Target.Name ?? "", program.Classes, program.Target.Threshold, []);
    }

    public ModelHeader Header { get; }

    public bool HasNumbers => ModelAnswers.IsNumeric(_program.TargetType);

    public bool IsUnstructured => _program.TargetType == TargetType.Unstructured;

    /// <summary>Told of the log of every process that is started.</summary>
    public Action<BoundedLog>? Logged { get; init; }

    /// <summary>Starts every replica.</summary>
    /// <exception cref="ModelHubException">One does not start.</exception>
    public Task WarmAsync(CancellationToken cancellation) => Task.WhenAll(_slots.Select(s => WorkerAsync(s, cancellation)));

    public async Task<double[]> PredictAsync(Table rows, CancellationToken cancellation)
    {
        if (!HasNumbers)
            throw ModelHubException.Invalid("model", $"A model with target type {_program.TargetType} answers no numbers; ask it by the prediction API.");
        var width = Math.Max(1, Header.Classes.Count);
        var all = new double[rows.RowCount * width];
        for (var from = 0; from < rows.RowCount; from += RowsAtOnce)
        {
            var count = Math.Min(RowsAtOnce, rows.RowCount - from);
            var body = ModelAnswers.Request(rows, from, count);
            await AskAsync(body, answer => ModelAnswers.Read(answer, _program, count, all.AsSpan(from * width, count * width)), cancellation);
        }
        return all;
    }

    /// <summary>The predictions of models whose answers are no numbers: one JSON text a row.</summary>
    public async Task<string[]> AnswerAsync(Table rows, CancellationToken cancellation)
    {
        var all = new List<string>(rows.RowCount);
        for (var from = 0; from < rows.RowCount; from += RowsAtOnce)
        {
            var count = Math.Min(RowsAtOnce, rows.RowCount - from);
            string[] given = [];
            await AskAsync(ModelAnswers.Request(rows, from, count), answer => given = ModelAnswers.ReadTexts(answer, count), cancellation);
            all.AddRange(given);
        }
        return [.. all];
    }

    /// <summary>Sends a body as it is and returns the answer as it is: models without rows.</summary>
    public async Task<byte[]> PassAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        byte[] given = [];
        await AskAsync(body, answer => given = answer, cancellation);
        return given;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        while (Volatile.Read(ref _asking) > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        foreach (var slot in _slots)
        {
            await slot.Gate.WaitAsync();
            try
            {
                if (slot.Worker is { } worker)
                    await worker.DisposeAsync();
                slot.Worker = null;
            }
            finally
            {
                slot.Gate.Release();
            }
        }
    }

    private async Task AskAsync(ReadOnlyMemory<byte> body, Action<byte[]> read, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _asking);
        try
        {
            await AskOneAsync(body, read, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _asking);
        }
    }

    private async Task AskOneAsync(ReadOnlyMemory<byte> body, Action<byte[]> read, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            var worker = await WorkerAsync(Choose(), cancellation);
            try
            {
                var (status, answer) = await worker.AskAsync(body, _program.Request, cancellation);
                if (status != 200)
                    throw worker.Failed(status, answer);
                read(answer);
                return;
            }
            catch (ModelHubException died) when (died.Kind == ErrorKind.Unavailable && attempt == 0)
            {
                // Once more, on another process.
            }
        }
    }

    /// <summary>The living process with the least to do; those that died are started again beside it. When none lives, the asker starts one.</summary>
    private Slot Choose()
    {
        if (_slots.Where(s => s.Worker is { IsAlive: true }).MinBy(s => s.Worker?.Pending) is not { } living)
            return _slots.MinBy(s => s.NotBefore)!;
        foreach (var dead in _slots.Where(s => s.Worker is not { IsAlive: true } && s.Gate.CurrentCount > 0 && _clock.GetUtcNow() >= s.NotBefore))
            _ = RestartAsync(dead);
        return living;
    }

    private async Task RestartAsync(Slot slot)
    {
        try
        {
            await WorkerAsync(slot, _stopping.Token);
        }
        catch (Exception failure) when (failure is ModelHubException or OperationCanceledException)
        {
            // The slot keeps it, and when it may be tried again.
        }
    }

    private async Task<ModelWorker> WorkerAsync(Slot slot, CancellationToken cancellation)
    {
        if (slot.Worker is { IsAlive: true } running)
            return running;
        await slot.Gate.WaitAsync(cancellation);
        try
        {
            if (slot.Worker is { IsAlive: true } started)
                return started;
            if (_stopping.IsCancellationRequested)
                throw new ModelHubException(ErrorKind.Unavailable, "model_stopped", "The model was changed or deleted a moment ago; ask again.");
            if (slot.LastFailure is { } failure && _clock.GetUtcNow() < slot.NotBefore)
                throw failure;
            if (slot.Worker is { } dead)
            {
                var ended = dead.Ended();
                await dead.DisposeAsync();
                slot.Worker = null;
                Pause(slot);
                if (_clock.GetUtcNow() < slot.NotBefore)
                {
                    // It dies again and again: until the pause is over, whoever asks is told of the last death.
                    slot.LastFailure = ended;
                    throw ended;
                }
            }
            slot.Worker = await ModelWorker.StartAsync(_sandbox, _program, _host, Logged, cancellation);
            slot.LastFailure = null;
            return slot.Worker;
        }
        catch (ModelHubException failure) when (!ReferenceEquals(failure, slot.LastFailure))
        {
            slot.LastFailure = failure;
            Pause(slot);
            throw;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    private void Pause(Slot slot)
    {
        var now = _clock.GetUtcNow();
        slot.Deaths = now - slot.NotBefore > TimeSpan.FromSeconds(2 * LongestPause) ? 1 : slot.Deaths + 1;
        slot.NotBefore = now + TimeSpan.FromSeconds(slot.Deaths == 1 ? 0 : Math.Min(LongestPause, 1 << Math.Min(slot.Deaths - 2, 6)));
    }

    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public ModelWorker? Worker { get; set; }

        public ModelHubException? LastFailure { get; set; }

        public DateTimeOffset NotBefore { get; set; }

        public int Deaths { get; set; }
    }
}

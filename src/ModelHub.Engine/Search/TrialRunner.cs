using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>
/// Runs trials fold by fold. Little data: a fold per thread. Much data: all threads in one fold after the other. Each part is looked up in
/// the journal first, claimed before it is computed and stored after it.
/// </summary>
internal sealed class TrialRunner(SearchData data, AutoMlOptions options, SearchClock clock, ISearchJournal? journal, CancellationToken cancellation)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, double> _seconds = new(StringComparer.Ordinal);
    private Exception? _failure;

    /// <summary>Share of what is left of the time that a trial may take.</summary>
    public double Share { get; set; } = 0.25;

    /// <summary>Runs trials until all are done or the time is over; <paramref name="ended"/> is called once for each that began.</summary>
    /// <param name="ended">Called on whichever thread ended the trial's last part.</param>
    public IReadOnlyList<TrialRun> Run(IReadOnlyList<Trial> trials, Action<TrialRun> ended)
    {
        TrialRun[] runs = [.. trials.Select(t => new TrialRun(t, data.Folds.Length))];
        foreach (var run in runs)
            Refuse(run, ended);
        var pullers = data.IsSmall ? Math.Max(1, options.Threads) : 1;
        void Pull()
        {
            try
            {
                while (Take(runs) is var (run, fold, stored))
                {
                    if (Work(run, fold, stored, data.IsSmall ? 1 : options.Threads))
                        ended(run);
                }
            }
            catch (Exception error)
            {
                lock (_gate)
                {
                    _failure ??= error;
                    Monitor.PulseAll(_gate);
                }
            }
        }
        // Threads of their own: the pool's are there for who is being served meanwhile.
        Thread[] others = [.. Enumerable.Range(1, pullers - 1).Select(_ => new Thread(Pull) { IsBackground = true, Name = "ModelHub search" })];
        foreach (var other in others)
            other.Start();
        Pull();
        foreach (var other in others)
            other.Join();
        if (_failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        foreach (var run in runs.Where(r => r.Until is not null && !r.IsDone && r.Failure is null))
        {
            run.Failure = $"The time was over after {run.Folds.Count(f => f is not null)} of {run.Folds.Length} folds.";
            ended(run);
        }
        return runs;
    }

    /// <summary>The next part to be computed here; null when there is none left, or no time.</summary>
    private (TrialRun Run, int Fold, byte[]? Stored)? Take(TrialRun[] runs)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var elsewhere = false;
            lock (_gate)
            {
                // A part whose thread has failed runs for ever: nobody waits for it.
                if (_failure is not null || clock.Over.IsCancellationRequested || clock.Left <= TimeSpan.Zero)
                    return null;
                foreach (var run in runs)
                {
                    if (run.Until is null && !HasTimeFor(run.Trial.Learner.Algorithm))
                        continue;
                    for (var fold = 0; fold < run.Folds.Length && run.Failure is null; fold++)
                    {
                        if (run.States[fold] is PartState.Open or PartState.Elsewhere)
                        {
                            byte[]? stored = null;
                            if (journal is null || journal.Claim(run.Parts[fold]) || (stored = journal.Find(run.Parts[fold])) is not null)
                            {
                                run.States[fold] = PartState.Running;
                                Deadline(run);
                                return (run, fold, stored);
                            }
                            run.States[fold] = PartState.Elsewhere;
                            elsewhere = true;
                        }
                        // The first fold tells whether the others are worth it.
                        if (fold == 0 && run.Trial.HopelessLoss is not null && run.States[0] != PartState.Done)
                            break;
                    }
                }
                if (!elsewhere)
                {
                    if (!runs.Any(r => r.Failure is null && r.States.Contains(PartState.Running)))
                        return null;
                    Monitor.Wait(_gate, 100);
                    continue;
                }
            }
            journal!.Wait(clock.Over);
        }
    }

    /// <summary>A trial that cannot fit into memory is not begun.</summary>
    private void Refuse(TrialRun run, Action<TrialRun> ended)
    {
        var needed = MemoryEstimate.Of(
            run.Trial.Learner, data.Set, data.Folds[0].Train.Length, data.Folds.Length, data.IsSmall ? Math.Min(options.Threads, data.Folds.Length) : 1);
        var free = options.MaxMemoryBytes ?? MemoryEstimate.Free();
        if (needed <= free)
            return;
        run.Failure = $"It would need about {Math.Max(1, needed >> 20)} MB of memory; {free >> 20} MB are free.";
        ended(run);
    }

    /// <summary>Whether a trial can end in time, going by those of its algorithm so far: their longest, slowly forgotten.</summary>
    public bool HasTimeFor(string algorithm) =>
        clock.Budget is null || 0.8 * _seconds.GetValueOrDefault(algorithm) < Math.Max(0, clock.Left.TotalSeconds);

    private void Remember(TrialRun run)
    {
        var seconds = run.Seconds / (data.IsSmall ? Math.Min(options.Threads, run.Folds.Length) : 1);
        var algorithm = run.Trial.Learner.Algorithm;
        _seconds[algorithm] = Math.Max(seconds, 0.9 * _seconds.GetValueOrDefault(algorithm));
    }

    /// <summary>
    /// A share of what is left; more for an algorithm that is known to need more, less for a linear model, which gains little by more time.
    /// </summary>
    private void Deadline(TrialRun run)
    {
        if (run.Until is not null)
            return;
        var algorithm = run.Trial.Learner.Algorithm;
        var share = clock.Left * (algorithm == "GLM" ? Share / 4 : Share);
        var known = TimeSpan.FromSeconds(1.3 * _seconds.GetValueOrDefault(algorithm));
        if (clock.Budget is not null && known > share)
            share = known < clock.Left ? known : clock.Left;
        run.Until = clock.Elapsed + share;
    }

    /// <summary>Computes a part, or reads it; true when with it the trial has ended.</summary>
    private bool Work(TrialRun run, int fold, byte[]? stored, int threads)
    {
        var name = run.Parts[fold];
        var result = stored is null ? null : FoldRecord.Read(stored);
        var isNew = result is null;
        double[]? scores = null;
        if (result is null)
        {
            if (Fit(run, fold, threads) is not var (fitted, held))
                return false;
            (result, scores) = (fitted, held);
        }
        else if (result.Model is { } model)
        {
            scores = Held(model, fold);
        }
        if (isNew)
            journal?.Store(name, FoldRecord.Write(result), clock.Elapsed);
        lock (_gate)
        {
            run.Folds[fold] = result;
            run.Scores[fold] = scores;
            run.States[fold] = PartState.Done;
            Monitor.PulseAll(_gate);
            if (run.Failure is not null)
                return false;
            run.Failure = result.Failure;
            if (run.IsDone)
                Remember(run);
            if (fold == 0 && run.Folds.Length > 1 && run.Trial.HopelessLoss is { } bound && !(result.Loss <= bound))
                run.Failure ??= $"Given up after the first fold: its loss is {result.Loss:G5}, with {bound:G5} it would have gone on.";
            return run.Failure is not null || run.IsDone;
        }
    }

    /// <summary>Null when the time was over.</summary>
    private (FoldResult Result, double[]? Held)? Fit(TrialRun run, int fold, int threads)
    {
        var stamp = clock.Stamp();
        // What is left of the trial's time is shared evenly by the rounds of folds that are left.
        var until = run.Until!.Value;
        int open;
        lock (_gate)
            open = 1 + run.States.Count(s => s is PartState.Open);
        var rounds = (open + (data.IsSmall ? options.Threads : 1) - 1) / (data.IsSmall ? options.Threads : 1);
        var began = clock.Elapsed;
        var share = began + Least((until - began) / rounds);
        var history = new List<FitStep>();
        try
        {
            var statistics = run.Trial.Learner.Algorithm is "GBM" or "DRF" or "XRT" ? data.Statistics(fold) : null;
            var model = run.Trial.Learner.Fit((statistics?.Set ?? data.Set).With(data.Folds[fold].Train), new FitContext
            {
                Seed = SeededRandom.Derive(options.Seed, (ulong)fold + 1),
                Threads = threads,
                Cancellation = clock.Over,
                ValidationRows = data.Folds[fold].Held,
                OutOfTime = () => clock.Elapsed > share,
                Spent = clock.Budget is null ? null : () => Math.Clamp((clock.Elapsed - began) / (share - began), 0, 1),
                Progress = fold == 0 ? history.Add : null,
            });
            if (statistics is not null && model is Forest forest)
                model = statistics.Fold(forest);
            var scores = Held(model, fold);
            return (new FoldResult(model, null, clock.Since(stamp).TotalSeconds, LossOf(model, scores, fold), history), scores);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (EngineException refusal)
        {
            return (new FoldResult(null, refusal.Message, clock.Since(stamp).TotalSeconds, double.PositiveInfinity, []), null);
        }
        catch (OutOfMemoryException)
        {
            return (new FoldResult(null, "There was not enough memory.", clock.Since(stamp).TotalSeconds, double.PositiveInfinity, []), null);
        }
    }

    private static TimeSpan Least(TimeSpan time) => time > TimeSpan.FromMilliseconds(1) ? time : TimeSpan.FromMilliseconds(1);

    private double[] Held(IModel model, int fold)
    {
        var rows = data.Folds[fold].Held;
        var scores = new double[rows.Length * data.Set.OutputCount];
        CompiledForest.Compile(model).Score(data.Set.Features, rows, scores);
        return scores;
    }

    private double LossOf(IModel model, double[] scores, int fold)
    {
        double[] truth = [.. data.Folds[fold].Held.Select(r => data.Set.Labels[r])];
        if (model is Forest { Link: Link.Probability })
        {
            var (slope, offsets) = ShareCalibration.Fit(scores, truth, data.Set.OutputCount, (0, 0));
            scores = [.. scores.Select((s, i) => slope * s + offsets[i % offsets.Length])];
        }
        return data.MeanLoss(scores, truth);
    }
}

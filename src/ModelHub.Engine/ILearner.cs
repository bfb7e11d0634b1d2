using ModelHub.Engine.Data;

namespace ModelHub.Engine;

/// <summary>
/// An algorithm with its options. This is the seam where another library's learner plugs in: fit, and return an <see cref="IModel"/>.
/// </summary>
public interface ILearner
{
    /// <summary>The name users know: GBM, DRF, XRT, GLM, DeepLearning, KNN, StackedEnsemble.</summary>
    string Algorithm { get; }

    /// <summary>Options that were set and those that were left, by their public names, for leaderboards and reports.</summary>
    IReadOnlyDictionary<string, HyperParameter> Parameters { get; }

    /// <exception cref="EngineException">Options or data that cannot be learned from.</exception>
    /// <exception cref="OperationCanceledException">The context's token was cancelled.</exception>
    IModel Fit(TrainingSet set, FitContext context);
}

/// <summary>An option's default and what was used instead; numbers, booleans or strings.</summary>
public sealed record HyperParameter(object Default, object Actual);

/// <summary>Everything a fit depends on besides data and options. Equal seeds give equal bytes at any number of threads.</summary>
public sealed record FitContext
{
    public ulong Seed { get; init; }

    public int Threads { get; init; } = Environment.ProcessorCount;

    public CancellationToken Cancellation { get; init; }

    /// <summary>Rows to stop early on (of the same matrix); null leaves it to the learner to hold some out.</summary>
    public int[]? ValidationRows { get; init; }

    /// <summary>When this is reached, iterative learners stop and return what they have.</summary>
    public Func<bool>? OutOfTime { get; init; }

    /// <summary>The share of its time that the fit has used, 0..1, for learners whose steps shrink towards the end; null without a limit.</summary>
    public Func<double>? Spent { get; init; }

    /// <summary>Called after each step of an iterative learner.</summary>
    public Action<FitStep>? Progress { get; init; }
}

/// <summary>Losses after a step (a tree, an epoch); NaN when not computed.</summary>
public readonly record struct FitStep(int Step, int Steps, double TrainingLoss, double ValidationLoss);

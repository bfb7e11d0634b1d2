using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Gradient boosting (Friedman 2001) of second-order trees (Chen and Guestrin 2016) over histograms of whole numbers (Shi et al. 2022).
/// The same seed gives the same model, bit for bit, at any number of threads.
/// </summary>
public sealed class GradientBoostedTrees(BoostingOptions options) : ILearner
{
    public GradientBoostedTrees()
        : this(new BoostingOptions())
    {
    }

    public string Algorithm => "GBM";

    public BoostingOptions Options { get; } = options;

    public IReadOnlyDictionary<string, HyperParameter> Parameters => Options.Describe();

    /// <exception cref="EngineException">Options or data that cannot be learned from.</exception>
    /// <exception cref="OperationCanceledException">The context's token was cancelled.</exception>
    public IModel Fit(TrainingSet set, FitContext context)
    {
        Options.Validate(set.Features.FeatureCount);
        var rows = set.Rows ?? [.. Enumerable.Range(0, set.Features.RowCount)];
        LabelStatistics.Check(set, rows);
        using var team = new ThreadTeam(context.Threads);
        var bins = BinnedMatrix.Of(set.Features, Options.MaxBins, team);
        var validation = context.ValidationRows is { Length: > 0 } held ? held : null;
        if (validation is not null)
            LabelStatistics.Check(set, validation);
        return new Booster(set, Options, bins, context, team).Run(rows, validation, Options.Trees, Options.EarlyStoppingRounds);
    }
}

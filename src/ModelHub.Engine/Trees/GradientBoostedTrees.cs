using ModelHub.Engine.Binning;
using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Gradient boosting (Friedman 2001) of second-order trees (Chen and Guestrin 2016) over histograms of whole numbers (Shi et al. 2022).
/// The same seed gives the same model, bit for bit, at any number of threads. Without rows to stop early on, it holds some out itself to
/// find the number of trees (unless stopping_rounds is 0), and then learns from all rows; beyond 200,000 the held-out ones stay out.
/// </summary>
public sealed class GradientBoostedTrees(BoostingOptions options) : ILearner
{
    private const int LeastRowsToHoldOut = 50;
    private const int MostRowsForFolds = 10_000;
    private const int MostRowsToFitTwice = 200_000;

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
        if (context.ValidationRows is { Length: > 0 } validation)
        {
            LabelStatistics.Check(set, validation);
            return new Booster(set, Options, bins, context, team).Run(rows, validation, Options.Trees, Options.EarlyStoppingRounds);
        }
        // Who keeps the time, or grows fewer trees than stopping waits for, gets the trees asked for.
        var findsCount = Options.EarlyStoppingRounds > 0 && Options.EarlyStoppingRounds < Options.Trees && context.OutOfTime is null
            && rows.Length >= LeastRowsToHoldOut;
        if (findsCount && rows.Length > MostRowsToFitTwice)
        {
            var (train, held) = HeldOutRows.Divide(set, rows, rows.Length / HeldOutRows.MostHeld + 1, context.Seed)[0];
            return new Booster(set, Options, bins, context, team).Run(train, held, Options.Trees, Options.EarlyStoppingRounds);
        }
        var count = findsCount ? FindCount(set, rows, bins, context, team) : Options.Trees;
        return new Booster(set, Options, bins, context, team).Run(rows, null, count, 0);
    }

    /// <summary>
    /// How many trees generalise best: the least mean loss over five folds, or over one fifth of many rows; a tenth more for the rows
    /// that were held out.
    /// </summary>
    private int FindCount(TrainingSet set, int[] rows, BinnedMatrix bins, FitContext context, ThreadTeam team)
    {
        var quiet = context with { Progress = null };
        var folds = HeldOutRows.Divide(set, rows, 5, context.Seed);
        var used = rows.Length <= MostRowsForFolds ? folds.Length : 1;
        var curves = new List<double>[used];
        using var single = new ThreadTeam(1);
        // Few rows: a fold per thread.
        team.For(used, (k, _) =>
        {
            var booster = new Booster(set, Options, bins, quiet, used > 1 ? single : team);
            try
            {
                booster.Run(folds[k].Train, folds[k].Held, Options.Trees, Options.EarlyStoppingRounds);
                curves[k] = booster.Curve;
            }
            catch (EngineException)
            {
                // A fold can lack what the whole has, like the only label above 0; what is wrong with the whole is said by the last fit.
                curves[k] = [];
            }
        });
        curves = [.. curves.Where(c => c.Count > 0 && c.TrueForAll(double.IsFinite))];
        if (curves.Length == 0)
            return Options.Trees;
        var longest = curves.Max(c => c.Count);
        // A fold that stopped early stays where it was.
        var sums = new List<double>();
        for (var i = 0; i < longest; i++)
            sums.Add(curves.Sum(c => c[Math.Min(i, c.Count - 1)]));
        var best = sums.IndexOf(sums.Min()) + 1;
        return Math.Min(Options.Trees, best + best / 10);
    }
}

using ModelHub.Application.Errors;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>
/// Intervals and label sets that hold the truth as often as they say, for rows like those of the training data: conformal prediction with the
/// out-of-fold predictions as calibration (Vovk et al. 2005; cross-conformal, Vovk 2015; label sets by the least ambiguous classifier, Sadinle
/// et al. 2019).
/// </summary>
public sealed class ConformalBand
{
    private const double UsualCoverage = 0.9;

    private ConformalBand(double coverage, double quantile) => (Coverage, Quantile) = (coverage, quantile);

    /// <summary>Share of new rows whose truth lies within.</summary>
    public double Coverage { get; }

    /// <summary>Half the width of an interval; or one less the least probability of a label that is in the set.</summary>
    private double Quantile { get; }

    /// <param name="coverage">One of those that the evaluation kept; null for nine tenths, or the largest that there is.</param>
    /// <exception cref="ModelHubException">The model has none, or not this one.</exception>
    public static ConformalBand Of(LoadedModel model, double? coverage)
    {
        var kept = model.Conformal;
        if (kept.Count == 0)
            throw new ModelHubException(ErrorKind.WrongState, "no_interval", "This model has no validated rows to make intervals from.");
        var found = coverage is { } asked
            ? kept.FirstOrDefault(q => Math.Abs(q.Coverage - asked) < 1e-9)
            : kept.LastOrDefault(q => q.Coverage <= UsualCoverage) ?? kept[0];
        return found is null
            ? throw ModelHubException.Invalid(
                "options.coverage", $"'coverage' is one of {string.Join(", ", kept.Select(q => q.Coverage.ToString(System.Globalization.CultureInfo.InvariantCulture)))}.")
            : new ConformalBand(found.Coverage, found.Value);
    }

    public (double Low, double High) IntervalOf(double value) => (value - Quantile, value + Quantile);

    /// <summary>
    /// The labels of a set, in the order of the classes. The likeliest is always one of them: a set of none would say nothing, and one more only
    /// raises the coverage.
    /// </summary>
    public void LabelsOf(ReadOnlySpan<double> probabilities, List<int> labels)
    {
        var best = 0;
        for (var k = 1; k < probabilities.Length; k++)
            best = probabilities[k] > probabilities[best] ? k : best;
        labels.Clear();
        for (var k = 0; k < probabilities.Length; k++)
        {
            if (k == best || 1 - probabilities[k] <= Quantile)
                labels.Add(k);
        }
    }
}

using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;
using ModelHub.Engine.Preparation;

namespace ModelHub.Application.Deployments;

/// <summary>What is thought of one prediction.</summary>
/// <param name="IsOutlier">The row lies outside of what training saw, or the value outside of its targets.</param>
/// <param name="Rule">The first rule that holds; null for none.</param>
public readonly record struct Verdict(bool IsOutlier, HumilityRule? Rule);

/// <summary>
/// Compares rows and predictions with what training saw. A number is outlying when it is below the smallest or above the largest one
/// seen by more than a share of their difference; a regression's value is when it is outside of the training targets.
/// </summary>
public sealed class HumilityJudge
{
    /// <summary>How far outside a number may lie, as a share of the training range, unless a rule says otherwise.</summary>
    public const double Margin = 0.5;

    private readonly LoadedModel _model;
    private readonly (int Feature, string Name, double Min, double Max)[] _numbers;
    private readonly IReadOnlyList<HumilityRule> _rules;

    public HumilityJudge(LoadedModel model, IReadOnlyList<HumilityRule> rules)
    {
        (_model, _rules) = (model, rules);
        _numbers = model.Trained is not { } trained ? [] :
        [
            .. Enumerable.Range(0, trained.Inputs.Count)
                .Where(i => trained.Inputs[i] is { Encoding: Encoding.Number, Min: not null, Max: not null })
                .Select(i => (trained.FeatureOffsets[i], trained.Inputs[i].Name, trained.Inputs[i].Min!.Value, trained.Inputs[i].Max!.Value)),
        ];
    }

    public Verdict Judge(RowBlock block, int row)
    {
        var features = block.FeaturesOf(row);
        var outputs = block.OutputsOf(row);
        var isOutlier = Outlying(features, null, Margin) || OutsideTargets(outputs);
        foreach (var rule in _rules)
        {
            if (Holds(rule, features, outputs, block.IsUnusual(row)))
                return new Verdict(isOutlier, rule);
        }
        return new Verdict(isOutlier, null);
    }

    private bool Holds(HumilityRule rule, ReadOnlySpan<float> features, ReadOnlySpan<double> outputs, bool isUnusual) => rule.Trigger switch
    {
        HumilityTrigger.UncertainPrediction => _model.IsRegression
            ? outputs[0] < rule.Lower || outputs[0] > rule.Upper
            : _model.IsBinary ? outputs[1] >= (rule.Lower ?? 0) && outputs[1] <= (rule.Upper ?? 1) : Largest(outputs) < (rule.Upper ?? rule.Lower),
        HumilityTrigger.OutlyingInput => Outlying(features, rule.Feature, rule.Margin ?? Margin),
        HumilityTrigger.UnseenCategory => isUnusual,
        HumilityTrigger.LowObservationRegion => Strange(features) > (rule.Share ?? 0.5) * features.Length,
    };

    private bool Outlying(ReadOnlySpan<float> features, string? only, double margin)
    {
        foreach (var (feature, name, min, max) in _numbers)
        {
            if (only is not null && only != name)
                continue;
            var slack = margin * (max - min) + 1e-6 * Math.Max(Math.Abs(min), Math.Abs(max)); // features are single precision
            if (features[feature] < min - slack || features[feature] > max + slack)
                return true;
        }
        return false;
    }

    private bool OutsideTargets(ReadOnlySpan<double> outputs) =>
        _model.IsRegression && (outputs[0] < _model.Header.TargetMin || outputs[0] > _model.Header.TargetMax);

    /// <summary>Features that are missing or outside of what training saw.</summary>
    private int Strange(ReadOnlySpan<float> features)
    {
        var count = 0;
        foreach (var value in features)
            count += float.IsNaN(value) ? 1 : 0;
        foreach (var (feature, _, min, max) in _numbers)
            count += features[feature] < min || features[feature] > max ? 1 : 0;
        return count;
    }

    private static double Largest(ReadOnlySpan<double> outputs)
    {
        var largest = outputs[0];
        foreach (var value in outputs)
            largest = Math.Max(largest, value);
        return largest;
    }
}

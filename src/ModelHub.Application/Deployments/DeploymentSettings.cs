using ModelHub.Application.Errors;

namespace ModelHub.Application.Deployments;

/// <summary>One step of a canary: this share for so long, then the next.</summary>
public sealed record CanaryStep(double Percent, double Minutes);

/// <summary>How a canary's share grows; after the last step it has what the last step says.</summary>
public sealed record CanaryPlan(DateTimeOffset StartedAt, IReadOnlyList<CanaryStep> Steps)
{
    /// <summary>Its share of the requests at a time, in per cent.</summary>
    public double PercentAt(DateTimeOffset now)
    {
        var minutes = (now - StartedAt).TotalMinutes;
        foreach (var step in Steps)
        {
            if (minutes < step.Minutes)
                return step.Percent;
            minutes -= step.Minutes;
        }
        return Steps[^1].Percent;
    }
}

/// <summary>When a prediction is not to be trusted.</summary>
public enum HumilityTrigger
{
    /// <summary>A binary probability between Lower and Upper; a largest class probability below Upper; a value outside [Lower, Upper].</summary>
    UncertainPrediction,

    /// <summary>A number outside what training saw, widened by Margin of its range.</summary>
    OutlyingInput,

    /// <summary>A category that training did not see.</summary>
    UnseenCategory,

    /// <summary>A row of which more than Share of the inputs are missing or outside.</summary>
    LowObservationRegion,
}

public enum HumilityAction
{
    Warn,

    /// <summary>The prediction is replaced by Override.</summary>
    Override,

    /// <summary>The row gets no prediction but an error.</summary>
    Refuse,
}

/// <summary>What to do when a prediction is not to be trusted.</summary>
/// <param name="Feature">Only of this input; null for any.</param>
public sealed record HumilityRule(
    string Name, HumilityTrigger Trigger, HumilityAction Action, double? Lower = null, double? Upper = null, double? Margin = null,
    double? Share = null, string? Feature = null, string? Override = null);

/// <summary>What of a deployment is set rather than asked about.</summary>
/// <param name="StickyBy">The column whose value decides which model answers, so that the same key gets the same model.</param>
/// <param name="AssociationId">The column that names a row, by which its actual outcome comes later.</param>
public sealed record DeploymentSettings(
    string? StickyBy = null, CanaryPlan? Canary = null, string? AssociationId = null, bool KeepPredictions = false, IReadOnlyList<HumilityRule>? Humility = null)
{
    public const int MostRules = 50;

    /// <exception cref="ModelHubException">A rule that can never hold, or lacks what its trigger or action needs.</exception>
    public DeploymentSettings Checked()
    {
        if (AssociationId?.Length is 0 or > 1000)
            throw ModelHubException.Invalid("settings.association_id", "'settings.association_id' is the name of a column.");
        if (Humility?.Count > MostRules)
            throw ModelHubException.Invalid("settings.humility", $"A deployment has at most {MostRules} humility rules.");
        foreach (var rule in Humility ?? [])
        {
            Names.Checked(rule.Name, "settings.humility.name");
            if (rule.Trigger == HumilityTrigger.UncertainPrediction && rule.Lower is null && rule.Upper is null)
                throw ModelHubException.Invalid("settings.humility.lower", $"The rule '{rule.Name}' needs 'lower' or 'upper'.");
            if (rule.Lower > rule.Upper)
                throw ModelHubException.Invalid("settings.humility.lower", $"The rule '{rule.Name}' has a lower bound above its upper one.");
            if (rule.Margin is < 0 or double.NaN || rule.Share is not null and not (>= 0 and <= 1))
                throw ModelHubException.Invalid("settings.humility.margin", $"The rule '{rule.Name}': 'margin' is not negative, 'share' is 0 to 1.");
            if (rule.Action == HumilityAction.Override && rule.Override is not { Length: > 0 and <= 1000 })
                throw ModelHubException.Invalid("settings.humility.override", $"The rule '{rule.Name}' needs 'override': the prediction instead.");
        }
        return this;
    }
}

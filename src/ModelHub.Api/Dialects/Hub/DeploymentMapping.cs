using System.Text.Json;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.Hub;

internal static class DeploymentMapping
{
    public static NewDeployment ToNew(DeploymentRequest request, Guid? projectId = null) => new(
        request.Name,
        Id(request.ModelId, "model_id") ?? throw ModelHubException.Invalid("model_id", "'model_id' is needed."),
        StageOf(request.Stage) ?? throw ModelHubException.Invalid("stage", "'stage' is needed: staging or production."),
        request.Description,
        request.PredictionThreshold,
        projectId,
        ToSettings(request.Settings));

    public static DeploymentChange ToChange(DeploymentPatch patch) => new()
    {
        Name = patch.Name,
        Description = patch.Description,
        Stage = StageOf(patch.Stage),
        PredictionThreshold = patch.PredictionThreshold,
        ModelId = Id(patch.ModelId, "model_id"),
        Reason = patch.Reason,
        Settings = ToSettings(patch.Settings),
    };

    public static TrafficPlan ToPlan(TrafficWire traffic) => new()
    {
        Variants = [.. (traffic.Variants ?? []).Select(v => (Needed(v.ModelId, "variants.model_id"), v.Weight))],
        Shadows = [.. (traffic.Shadows ?? []).Select(s => Needed(s, "shadows"))],
        Canary = traffic.Canary is { } canary
            ? (Needed(canary.ModelId, "canary.model_id"), [.. (canary.Steps ?? []).Select(s => new CanaryStep(s.Percent, s.Minutes))])
            : null,
        StickyBy = traffic.StickyBy,
        Reason = traffic.Reason,
    };

    public static DeploymentWire ToWire(Deployment deployment, DateTimeOffset now) => new()
    {
        Id = deployment.Id,
        Name = deployment.Name,
        Description = deployment.Description,
        ProjectId = deployment.ProjectId,
        ModelId = deployment.ChampionId,
        Stage = Word(deployment.Stage),
        Status = Word(deployment.Status),
        PredictionThreshold = deployment.PredictionThreshold,
        Models = [.. deployment.Models.OrderBy(m => m.Role).ThenBy(m => m.ModelId)
            .Select(m => new DeploymentModelWire(m.ModelId, Word(m.Role), m.Role == ServingRole.Variant ? m.Weight : null))],
        Traffic = ToTraffic(deployment, now),
        Settings = new DeploymentSettingsWire
        {
            AssociationId = deployment.Settings.AssociationId,
            KeepPredictions = deployment.Settings.KeepPredictions,
            Humility = deployment.Settings.Humility is null ? null : [.. deployment.Settings.Humility.Select(ToWire)],
        },
        Revision = deployment.Revision,
        CreatedAt = deployment.CreatedAt,
        UpdatedAt = deployment.UpdatedAt,
    };

    public static DeploymentMomentAnswer ToMoment(DeploymentEvent last, DateTimeOffset asOf) => new(new DeploymentMomentWire(
        last.DeploymentId, last.ModelId, Word(last.Stage), Word(last.Status), last.PredictionThreshold, asOf, last.At));

    public static DeploymentEventWire ToWire(DeploymentEvent change) => new()
    {
        Id = change.Id,
        Kind = Word(change.Kind),
        At = change.At,
        By = change.By,
        From = change.FromModelId,
        To = change.ModelId,
        Reason = change.Reason,
    };

    public static DeploymentStage? StageOf(string? stage) => stage switch
    {
        null => null,
        "staging" => DeploymentStage.Staging,
        "production" => DeploymentStage.Production,
        _ => throw ModelHubException.Invalid("stage", "'stage' is staging or production."),
    };

    private static TrafficWire? ToTraffic(Deployment deployment, DateTimeOffset now)
    {
        if (deployment.Models.Count == 1)
            return null;
        var canary = deployment.Models.Find(m => m.Role == ServingRole.Canary);
        return new TrafficWire
        {
            Variants = [.. deployment.Models.Where(m => m.Role == ServingRole.Variant)
                .Select(m => new VariantWire { ModelId = m.ModelId.ToString(), Weight = m.Weight })],
            Shadows = [.. deployment.Models.Where(m => m.Role == ServingRole.Shadow).Select(m => m.ModelId.ToString())],
            Canary = canary is null || deployment.Settings.Canary is not { } plan ? null : new CanaryWire
            {
                ModelId = canary.ModelId.ToString(),
                Steps = [.. plan.Steps.Select(s => new CanaryStepWire { Percent = s.Percent, Minutes = s.Minutes })],
                StartedAt = plan.StartedAt,
                Percent = plan.PercentAt(now),
            },
            StickyBy = deployment.Settings.StickyBy,
        };
    }

    private static DeploymentSettings? ToSettings(DeploymentSettingsWire? wire) => wire is null ? null : new DeploymentSettings(
        AssociationId: wire.AssociationId, KeepPredictions: wire.KeepPredictions, Humility: wire.Humility is null ? null : [.. wire.Humility.Select(ToRule)]).Checked();

    private static HumilityRule ToRule(HumilityRuleWire wire) => new(
        wire.Name ?? "", Enum<HumilityTrigger>(wire.Trigger, "settings.humility.trigger"), Enum<HumilityAction>(wire.Action, "settings.humility.action"),
        wire.Lower, wire.Upper, wire.Margin, wire.Share, wire.Feature, wire.Override);

    private static HumilityRuleWire ToWire(HumilityRule rule) => new()
    {
        Name = rule.Name, Trigger = Word(rule.Trigger), Action = Word(rule.Action), Lower = rule.Lower, Upper = rule.Upper, Margin = rule.Margin,
        Share = rule.Share, Feature = rule.Feature, Override = rule.Override,
    };

    private static T Enum<T>(string? word, string field)
        where T : struct, Enum
    {
        foreach (var value in System.Enum.GetValues<T>())
        {
            if (Word(value) == word)
                return value;
        }
        throw ModelHubException.Invalid(field, $"'{field}' is one of {string.Join(", ", System.Enum.GetValues<T>().Select(v => Word(v)))}.");
    }

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static Guid? Id(string? text, string field) => text is null ? null
        : HubId.TryParse(text, out var id) ? id : throw ModelHubException.Invalid(field, $"'{field}' is no id.");

    private static Guid Needed(string? text, string field) => Id(text, field) ?? throw ModelHubException.Invalid(field, $"'{field}' is needed.");
}

using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Models;
using ModelHub.Application.Studio;

namespace ModelHub.Api.Dialects.Hub;

internal static class StudioMapping
{
    public static SessionWire ToWire(StudioSession session, IReadOnlyList<ScenarioView>? scenarios = null) => new()
    {
        Id = session.Id, ProjectId = session.ProjectId, DeploymentId = session.DeploymentId, Name = session.Name,
        Base = ModelMapping.Parse(session.BaseRow)!.Value, CreatedAt = session.CreatedAt, Scenarios = scenarios is null ? null : [.. scenarios.Select(ToWire)],
    };

    public static KeptScenarioWire ToWire(ScenarioView view) => new()
    {
        Id = view.Scenario.Id,
        Name = view.Scenario.Name,
        ModelId = view.Scenario.ModelId,
        Changes = ModelMapping.Parse(view.Scenario.Changes)!.Value,
        Base = ToWire(view.Result.Classes, view.Result.Base),
        Prediction = ToWire(view.Result.Classes, view.Result.Row),
        Change = view.Result.Row.Label is null ? view.Result.Change[0] : ByClass(view.Result.Classes, view.Result.Change),
        ContributionChanges = view.Result.ContributionChanges is { } moved ? [.. moved.Select(c => new ContributionWire(c.Key, c.Value))] : null,
        ContributionSpace = view.Result.ContributionSpace,
        CreatedAt = view.Scenario.CreatedAt,
    };

    public static DeploymentSchemaWire ToWire(DeploymentSchema schema) => new()
    {
        DeploymentId = schema.Deployment.Id,
        ModelId = schema.Model.Id,
        Task = schema.Model.Task.ToString().ToLowerInvariant(),
        Target = schema.Model.Header.Target,
        Classes = schema.Model.Header.Classes,
        Threshold = schema.Model.IsBinary ? schema.Deployment.Threshold ?? 0.5 : null,
        Inputs =
        [
            .. schema.Model.Header.Inputs.Select(i => new InputWire
            {
                Name = i.Name, Type = i.Encoding.ToString() switch { "DateParts" => "date", var other => other.ToLowerInvariant() },
                Kind = i.Kind.ToString().ToLowerInvariant(), Levels = i.Levels, Min = i.Min, Max = i.Max, Mean = i.Mean, MissingRate = i.MissingRate,
            }),
        ],
    };

    /// <summary>A row's prediction, its classes by their names.</summary>
    public static PredictionWire ToWire(IReadOnlyList<string> classes, RowPrediction row) => new()
    {
        Prediction = row.Label ?? (object)row.Outputs[0],
        Probabilities = row.Label is null ? null : ByClass(classes, row.Outputs),
    };

    public static Dictionary<string, double> ByClass(IReadOnlyList<string> classes, double[] outputs) =>
        classes.Zip(outputs).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record SessionRequest
{
    public string? DeploymentId { get; init; }

    public string? Name { get; init; }

    /// <summary>The row that scenarios change: values by column.</summary>
    public JsonElement Base { get; init; }
}

public sealed record ScenarioRequest
{
    public string? Name { get; init; }

    /// <summary>What is to be otherwise: values by column; null makes a value missing.</summary>
    public JsonElement Changes { get; init; }
}

public sealed record SessionWire
{
    public required Guid Id { get; init; }

    public required Guid ProjectId { get; init; }

    public required Guid DeploymentId { get; init; }

    public required string Name { get; init; }

    public required JsonElement Base { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>In the session's own answer only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<KeptScenarioWire>? Scenarios { get; init; }
}

public sealed record SessionAnswer(SessionWire Session);

public sealed record KeptScenarioWire
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    /// <summary>That answered; the deployment may have another one since.</summary>
    public required Guid ModelId { get; init; }

    public required JsonElement Changes { get; init; }

    /// <summary>The session's row by the same model.</summary>
    public required PredictionWire Base { get; init; }

    public required PredictionWire Prediction { get; init; }

    /// <summary>Of the value (a number), or of each class's probability: scenario less base.</summary>
    public required object Change { get; init; }

    /// <summary>What moved the score, largest first; null when the model has no exact contributions or another class of many is now the likeliest.</summary>
    public required IReadOnlyList<ContributionWire>? ContributionChanges { get; init; }

    public required string? ContributionSpace { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record ScenarioAnswer(KeptScenarioWire Scenario);

public sealed record DeploymentSchemaAnswer(DeploymentSchemaWire Schema);

public sealed record DeploymentSchemaWire
{
    public required Guid DeploymentId { get; init; }

    public required Guid ModelId { get; init; }

    /// <summary>binary, multiclass or regression.</summary>
    public required string Task { get; init; }

    public required string Target { get; init; }

    /// <summary>Sorted; the last is the positive one of a binary model. Empty for a regression.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Of a binary model: the positive class is predicted above this probability.</summary>
    public required double? Threshold { get; init; }

    /// <summary>Empty when the model does not say what it reads.</summary>
    public required IReadOnlyList<InputWire> Inputs { get; init; }
}

public sealed record InputWire
{
    public required string Name { get; init; }

    /// <summary>number, category or date: how it is read.</summary>
    public required string Type { get; init; }

    /// <summary>numeric, integer, boolean, category, date, text or id: as it was in training.</summary>
    public required string Kind { get; init; }

    /// <summary>Of a category: what training saw, at most 2,000.</summary>
    public required IReadOnlyList<string>? Levels { get; init; }

    public required double? Min { get; init; }

    public required double? Max { get; init; }

    public required double? Mean { get; init; }

    /// <summary>Share of the training rows.</summary>
    public required double MissingRate { get; init; }
}

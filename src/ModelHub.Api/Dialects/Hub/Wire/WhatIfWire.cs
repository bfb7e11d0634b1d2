using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record WhatIfRequest
{
    /// <summary>The row as it is: values by column.</summary>
    public JsonElement Base { get; init; }

    /// <summary>What is to be otherwise, one record per scenario; null makes a value missing.</summary>
    public IReadOnlyList<JsonElement>? Scenarios { get; init; }

    public PredictOptions? Options { get; init; }
}

public sealed record WhatIfWire
{
    public required PredictionWire Base { get; init; }

    public required IReadOnlyList<ScenarioWire> Scenarios { get; init; }

    /// <summary>log_odds or value: where the contributions add up.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ContributionSpace { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

public sealed record ScenarioWire
{
    public required JsonElement Changes { get; init; }

    public required PredictionWire Prediction { get; init; }

    /// <summary>Of the value (a number), or of each class's probability: scenario less base.</summary>
    public required object Change { get; init; }

    /// <summary>What moved the score, largest first. Absent when not asked for, or when another class is now the likeliest of many.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ContributionWire>? ContributionChanges { get; init; }
}

public sealed record CurveRequest
{
    /// <summary>Rows whose predictions are followed, 1 to 1,000.</summary>
    public IReadOnlyList<JsonElement>? Rows { get; init; }

    public string? Feature { get; init; }

    /// <summary>By default the levels of a category, or 20 numbers over the range that training saw.</summary>
    public IReadOnlyList<JsonElement>? Values { get; init; }
}

/// <param name="Classes">Names of the outputs; empty for a regression, which has one.</param>
/// <param name="Rows">Each row's outputs at each value (ICE).</param>
/// <param name="Mean">Over the rows (partial dependence).</param>
public sealed record CurveWire(
    string Feature, IReadOnlyList<JsonElement> Values, IReadOnlyList<string> Classes, IReadOnlyList<double[][]> Rows, IReadOnlyList<double[]> Mean);

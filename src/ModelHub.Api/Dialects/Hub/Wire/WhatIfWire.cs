using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record WhatIfRequest
{
    /// <summary>The row as it is: values by column.</summary>
    public JsonElement Base { get; init; }

    /// <summary>What is to be otherwise, one record per scenario; null makes a value missing.</summary>
    [MostItems(1000, "scenarios")]
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
    [MostItems(1000, "rows")]
    public IReadOnlyList<JsonElement>? Rows { get; init; }

    public string? Feature { get; init; }

    /// <summary>By default the levels of a category, or 20 numbers over the range that training saw.</summary>
    [MostItems(1000, "values")]
    public IReadOnlyList<JsonElement>? Values { get; init; }
}

/// <param name="Classes">Names of the outputs; empty for a regression, which has one.</param>
/// <param name="Rows">Each row's outputs at each value (ICE).</param>
/// <param name="Mean">Over the rows (partial dependence).</param>
public sealed record CurveWire(
    string Feature, IReadOnlyList<JsonElement> Values, IReadOnlyList<string> Classes, IReadOnlyList<double[][]> Rows, IReadOnlyList<double[]> Mean);

public sealed record CounterfactualRequest
{
    /// <summary>The row as it is: values by column.</summary>
    public JsonElement Base { get; init; }

    public WantedWire? Wanted { get; init; }

    /// <summary>Inputs that may change; by default all.</summary>
    [MostItems(20_000, "features")]
    public IReadOnlyList<string>? Features { get; init; }

    /// <summary>Inputs that may change at once, 1 to 10; by default 5.</summary>
    public int? MaxChanges { get; init; }
}

public sealed record WantedWire
{
    /// <summary>Of a classification: the class that is to be predicted.</summary>
    public string? Class { get; init; }

    /// <summary>With at least this probability.</summary>
    public double? Probability { get; init; }

    /// <summary>Of a regression.</summary>
    public double? AtLeast { get; init; }

    /// <summary>Of a regression.</summary>
    public double? AtMost { get; init; }
}

public sealed record CounterfactualWire
{
    public required bool Found { get; init; }

    public required PredictionWire Base { get; init; }

    /// <summary>Of the changed row; null when nothing was found.</summary>
    public required PredictionWire? Prediction { get; init; }

    public required IReadOnlyList<ChangeWire> Changes { get; init; }

    /// <summary>Sum over the changes: a number's by the range that training saw, 1 for a category.</summary>
    public required double? Distance { get; init; }

    /// <summary>Whether it is proven that nothing smaller gets there: no change of fewer inputs, nor a nearer one of as many.</summary>
    public required bool ProvenSmallest { get; init; }

    /// <summary>Whether it is proven that no change of one or two of the inputs gets there.</summary>
    public required bool ProvenImpossibleByTwo { get; init; }

    /// <summary>Inputs that cannot be tried: dates and texts.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? NotSearched { get; init; }
}

public sealed record ChangeWire(string Feature, JsonElement? From, JsonElement To);

public sealed record ExplainRowsRequest
{
    /// <summary>One record, or a list of records: values by column.</summary>
    [MostItems(100_000, Within = 4_000_000)]
    public JsonElement Inputs { get; init; }

    public ExplainRowsOptions? Options { get; init; }
}

public sealed record ExplainRowsOptions
{
    /// <summary>Only so many contributions, the largest.</summary>
    public int? TopN { get; init; }

    /// <summary>Of a model of more than two classes: only this one.</summary>
    public string? Class { get; init; }

    /// <summary>Of a model that can only be asked (ONNX, own code): what rows are compared with, where it has no training data.</summary>
    public string? DatasetId { get; init; }

    /// <summary>The same, and which version.</summary>
    public string? DatasetVersionId { get; init; }
}

public sealed record ExplainRowsAnswer
{
    public required IReadOnlyList<ExplainedRowWire> Rows { get; init; }

    /// <summary>log_odds or value: where the contributions add up. Of a model that can only be asked, probability or value.</summary>
    public required string ContributionSpace { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

public sealed record ExplainedRowWire
{
    public required PredictionWire Prediction { get; init; }

    /// <summary>One, or one for each class of a model that has more than two.</summary>
    public required IReadOnlyList<ScoreExplanationWire> Explanations { get; init; }
}

/// <param name="Class">Whose score it is; absent for a regression.</param>
/// <param name="Score">The bias and all contributions together.</param>
public sealed record ScoreExplanationWire(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Class, double Score, double Bias, IReadOnlyList<ContributionWire> Contributions);

using System.Globalization;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.WhatIf;

/// <summary>What a prediction is to become: a class (with at least some probability), or a value within bounds.</summary>
public sealed record WantedOutcome(string? Class = null, double? Probability = null, double? AtLeast = null, double? AtMost = null);

/// <param name="From">The row's own value; null for a missing one.</param>
public sealed record ChangedInput(string Feature, JsonElement? From, JsonElement To);

/// <param name="Changes">Null when no change was found.</param>
/// <param name="Distance">Sum over the changes: a number's by the range that training saw, 1 for a category.</param>
/// <param name="IsSmallest">Proven: no change of fewer inputs gets there, nor a nearer one of as many.</param>
/// <param name="IsImpossible">Proven: no change of one or two of the allowed inputs gets there.</param>
/// <param name="NotSearched">Inputs that were allowed and could not be tried: dates and texts.</param>
public sealed record CounterfactualAnswer(
    IReadOnlyList<string> Classes, RowPrediction Base, RowPrediction? Changed, IReadOnlyList<ChangedInput>? Changes, double Distance, bool IsSmallest,
    bool IsImpossible, IReadOnlyList<string> NotSearched);

/// <summary>
/// The smallest change of a row that would make a model say something else. Exact up to two inputs for models of trees; beyond, and with
/// linear parts, found by search and not proven smallest.
/// </summary>
public sealed class CounterfactualService(PredictionService predictions)
{
    private const int MostTried = 200_000;
    private const int MostChanges = 10;

    /// <exception cref="ModelHubException">The outcome is none of this model's, an input is unknown, or the model cannot be searched.</exception>
    public async Task<CounterfactualAnswer> FindAsync(
        Caller caller, Guid modelId, JsonElement row, WantedOutcome wanted, IReadOnlyList<string>? allowed, int mostChanges, CancellationToken cancellation)
    {
        var model = await predictions.OpenAsync(caller, modelId, cancellation);
        var trained = model.Trained ?? throw new ModelHubException(ErrorKind.WrongState, "no_counterfactual", "Only the hub's own models can be searched for counterfactuals.");
        var own = WhatIfService.Record(row, "base");
        if (mostChanges is < 1 or > MostChanges)
            throw ModelHubException.Invalid("max_changes", $"'max_changes' is 1 to {MostChanges}.");
        var goal = OutcomeGoal.Of(model, wanted);
        foreach (var name in allowed ?? [])
            WhatIfService.RequireInput(model, name, "features");
        var inputs = Enumerable.Range(0, trained.Inputs.Count).Where(i => allowed is null || allowed.Contains(trained.Inputs[i].Name)).ToList();
        var (found, searched) = await Task.Run(() => Search(model, trained, own, goal, inputs, mostChanges, cancellation), cancellation);
        var changes = found.Changes?.Select(c => InputSteps.ToChange(trained, searched.First(s => s.Feature == c.Feature), c.Value, own)).ToList();
        var changed = changes is null ? null : WhatIfService.Changed(own, changes.ToDictionary(c => c.Feature, c => c.To, StringComparer.Ordinal));
        IEnumerable<Dictionary<string, JsonElement>> records = changed is null ? [own] : [own, changed];
        var scored = await predictions.PredictAsync(caller, modelId, records, new ScoringOptions(), cancellation);
        return new CounterfactualAnswer(
            scored.Classes, scored.Rows[0], changed is null ? null : scored.Rows[1], changes, found.Distance, found.IsSmallest, found.IsImpossible,
            [.. inputs.Where(i => !InputSteps.CanStep(trained.Inputs[i])).Select(i => trained.Inputs[i].Name)]);
    }

    private static (Counterfactual Found, List<InputSteps> Searched) Search(
        LoadedModel model, TrainedModel trained, Dictionary<string, JsonElement> own, OutcomeGoal goal, List<int> inputs, int mostChanges,
        CancellationToken cancellation)
    {
        using var scored = ScoredRecords.Read(model, JsonSerializer.SerializeToUtf8Bytes(new[] { own }));
        var row = scored.Rows.FeaturesOf(0).ToArray();
        var steps = inputs.Where(i => InputSteps.CanStep(trained.Inputs[i])).Select(i => InputSteps.Of(trained, i, row)).ToList();
        var question = new CounterfactualQuestion(
            row, [.. steps.Select(s => s.Feature)], [.. steps.Select(s => s.Steps)],
            (rows, count) => goal.Gaps(trained.PredictRows(rows, count), trained.OutputCount), trained.Model.OutputCount == 1 ? goal.IsWithin : null);
        var search = new CounterfactualSearch(question, ReachableScores.Of(trained.Model), MostTried, cancellation);
        return (search.Run(mostChanges, steps.TrueForAll(s => s.AreAll)), steps);
    }
}

/// <summary>The other values of an input that a model can tell apart.</summary>
/// <param name="AreAll">False where the model moves smoothly with the input, so that some values were chosen.</param>
internal sealed record InputSteps(int Input, int Feature, Step[] Steps, bool AreAll)
{
    private const int SmoothSteps = 100;

    public static bool CanStep(Engine.Preparation.InputColumn input) => input.Encoding is Engine.Preparation.Encoding.Number or Engine.Preparation.Encoding.Category;

    public static InputSteps Of(TrainedModel model, int input, float[] row)
    {
        var (column, feature) = (model.Inputs[input], model.FeatureOffsets[input]);
        var own = row[feature];
        if (column.Levels is { } levels)
            return new InputSteps(input, feature, [.. Enumerable.Range(0, levels.Count).Where(code => code != own).Select(code => new Step(code, 1))], true);
        var (low, high) = ((float)(column.Min ?? double.NegativeInfinity), (float)(column.Max ?? double.PositiveInfinity));
        var range = high > low && float.IsFinite(high - low) ? (double)high - low : 1;
        var thresholds = ReachableScores.Thresholds(model.Model, feature);
        var isWhole = column.Kind is Engine.Data.ColumnKind.Integer or Engine.Data.ColumnKind.Boolean;
        IEnumerable<float> values = thresholds is not null ? Between(thresholds, own, isWhole)
            : float.IsFinite(high - low) ? Enumerable.Range(0, SmoothSteps).Select(i => low + (high - low) * i / (SmoothSteps - 1)).Select(v => isWhole ? MathF.Round(v) : v).Distinct()
            : [];
        return new InputSteps(
            input, feature,
            [.. values.Where(v => v != own && v >= low && v <= high).Select(v => new Step(v, float.IsNaN(own) ? 1 : Math.Abs((double)v - own) / range)).OrderBy(s => s.Distance)],
            thresholds is not null);
    }

    public static ChangedInput ToChange(TrainedModel model, InputSteps steps, float value, Dictionary<string, JsonElement> row)
    {
        var column = model.Inputs[steps.Input];
        var to = column.Levels is { } levels ? JsonSerializer.SerializeToElement(levels[(int)value])
            : column.Kind == Engine.Data.ColumnKind.Boolean ? JsonSerializer.SerializeToElement(value > 0.5f)
            : JsonSerializer.Deserialize<JsonElement>(value.ToString("R", CultureInfo.InvariantCulture));
        return new ChangedInput(column.Name, row.TryGetValue(column.Name, out var from) && from.ValueKind != JsonValueKind.Null ? from : null, to);
    }

    /// <summary>Of each interval between two thresholds (a value goes with the threshold above it) the value nearest to the row's own.</summary>
    private static IEnumerable<float> Between(float[] thresholds, float own, bool isWhole)
    {
        for (var k = 0; k <= thresholds.Length; k++)
        {
            var (below, above) = (k == 0 ? float.NegativeInfinity : thresholds[k - 1], k == thresholds.Length ? float.PositiveInfinity : thresholds[k]);
            if (own > below && own <= above)
                continue;
            var isAbove = !(own > above) && k > 0; // the interval lies above the row's value, or the row has none
            var value = isAbove ? isWhole ? MathF.Floor(below) + 1 : MathF.BitIncrement(below) : isWhole ? MathF.Floor(above) : above;
            if (value > below && value <= above && float.IsFinite(value))
                yield return value;
        }
    }
}

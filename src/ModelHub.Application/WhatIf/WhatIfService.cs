using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Serving;

namespace ModelHub.Application.WhatIf;

/// <summary>A row with something changed.</summary>
/// <param name="Change">Of the outputs: a probability per class, or the value; scenario less base.</param>
/// <param name="ContributionChanges">Largest first; null when not asked for, or when another class is now explained.</param>
public sealed record Scenario(RowPrediction Row, double[] Change, IReadOnlyList<KeyValuePair<string, double>>? ContributionChanges);

public sealed record WhatIfAnswer(
    IReadOnlyList<string> Classes, RowPrediction Base, IReadOnlyList<Scenario> Scenarios, string? ContributionSpace, IReadOnlyList<string> Warnings);

/// <summary>Individual conditional expectation (Goldstein et al. 2015): each row's outputs as one feature takes each value; and their mean.</summary>
/// <param name="Rows">Rows × values × outputs.</param>
/// <param name="Mean">Values × outputs.</param>
public sealed record ResponseCurve(
    string Feature, IReadOnlyList<JsonElement> Values, IReadOnlyList<string> Classes, IReadOnlyList<double[][]> Rows, IReadOnlyList<double[]> Mean);

/// <summary>What a model would say if a row were another.</summary>
public sealed class WhatIfService(PredictionService predictions)
{
    private const int MostScenarios = 1000;
    private const int MostCells = 2_000_000;
    private const int MostOfCurve = 100_000;

    /// <exception cref="ModelHubException">The base is no record, a change names no input, or there is too much of it.</exception>
    public async Task<WhatIfAnswer> CompareAsync(
        Caller caller, Guid modelId, JsonElement row, IReadOnlyList<JsonElement> scenarios, ScoringOptions options, CancellationToken cancellation)
    {
        var model = await predictions.OpenAsync(caller, modelId, cancellation);
        var own = Record(row, "base");
        if (scenarios.Count is 0 or > MostScenarios)
            throw ModelHubException.Invalid("scenarios", $"There are 1 to {MostScenarios} scenarios.");
        Bound(own.Count + 1, scenarios.Count + 1);
        var rows = new List<Dictionary<string, JsonElement>> { own };
        for (var s = 0; s < scenarios.Count; s++)
        {
            var changes = Record(scenarios[s], $"scenarios[{s}]");
            foreach (var name in changes.Keys)
                RequireInput(model, name, $"scenarios[{s}]");
            rows.Add(Changed(own, changes));
        }
        var scored = await predictions.PredictAsync(caller, modelId, rows, options, cancellation);
        var first = scored.Rows[0];
        return new WhatIfAnswer(
            scored.Classes, first, [.. scored.Rows.Skip(1).Select(r => Compare(first, r))], scored.ContributionSpace, scored.Warnings);
    }

    /// <summary>
    /// How each row's prediction moves with one feature. Without values: all levels of a category, or evenly from the smallest to the largest
    /// number that training saw.
    /// </summary>
    public async Task<ResponseCurve> CurveAsync(
        Caller caller, Guid modelId, IReadOnlyList<JsonElement> rows, string feature, IReadOnlyList<JsonElement>? values, CancellationToken cancellation)
    {
        var model = await predictions.OpenAsync(caller, modelId, cancellation);
        RequireInput(model, feature, "feature");
        values ??= Candidates.Of(model, feature, 20);
        if (rows.Count is 0 or > MostScenarios)
            throw ModelHubException.Invalid("rows", $"There are 1 to {MostScenarios} rows.");
        if (values.Count is 0 or > MostScenarios)
            throw ModelHubException.Invalid("values", $"There are 1 to {MostScenarios} values.");
        var records = rows.Select((row, r) => Record(row, $"rows[{r}]")).ToList();
        if (records.Count * values.Count > MostOfCurve)
            throw ModelHubException.Invalid("values", $"Rows times values are more than {MostOfCurve}; ask for fewer.");
        Bound(records.Max(r => r.Count) + 1, records.Count * values.Count);
        var changed = records.SelectMany(own => values.Select(v => Changed(own, new(StringComparer.Ordinal) { [feature] = v })));
        var scored = await predictions.PredictAsync(caller, modelId, changed, new ScoringOptions(), cancellation);
        var curves = scored.Rows.Select(r => r.Outputs).Chunk(values.Count).ToList();
        var mean = Enumerable.Range(0, values.Count).Select(v => Mean([.. curves.Select(c => c[v])])).ToList();
        return new ResponseCurve(feature, values, scored.Classes, curves, mean);
    }

    internal static Dictionary<string, JsonElement> Record(JsonElement element, string field)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw ModelHubException.Invalid(field, $"'{field}' is a record: values by column.");
        var record = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
            record[member.Name] = member.Value;
        return record;
    }

    internal static Dictionary<string, JsonElement> Changed(Dictionary<string, JsonElement> row, Dictionary<string, JsonElement> changes)
    {
        var changed = new Dictionary<string, JsonElement>(row, StringComparer.Ordinal);
        foreach (var (name, value) in changes)
            changed[name] = value;
        return changed;
    }

    /// <summary>A model of the hub names its inputs; some foreign ones do not, and are believed.</summary>
    internal static void RequireInput(LoadedModel model, string name, string field)
    {
        if (model.Header.Inputs.Count > 0 && model.Header.Inputs.All(i => i.Name != name))
            throw ModelHubException.Invalid(field, $"'{(name.Length <= 60 ? name : name[..60] + "…")}' is no input of this model.");
    }

    private static void Bound(long columns, long rows)
    {
        if (columns * rows > MostCells)
            throw ModelHubException.Invalid("scenarios", $"That is more than {MostCells} cells; ask for fewer.");
    }

    private static double[] Mean(double[][] outputs) =>
        [.. Enumerable.Range(0, outputs[0].Length).Select(k => outputs.Average(o => o[k]))];

    private static Scenario Compare(RowPrediction first, RowPrediction row)
    {
        double[] change = [.. row.Outputs.Zip(first.Outputs, (now, then) => now - then)];
        if (row.Contributions is null || first.Contributions is null || row.Outputs.Length > 2 && row.Label != first.Label)
            return new Scenario(row, change, null);
        var then = first.Contributions.ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal);
        var moved = row.Contributions.Select(c => KeyValuePair.Create(c.Key, c.Value - then.GetValueOrDefault(c.Key)));
        return new Scenario(row, change, [.. moved.OrderByDescending(c => Math.Abs(c.Value)).ThenBy(c => c.Key, StringComparer.Ordinal)]);
    }
}

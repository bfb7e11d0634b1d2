using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Serving;
using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Models;

/// <summary>One scored row.</summary>
/// <param name="Label">The class of a classification, null for a regression.</param>
/// <param name="Outputs">A probability per class, or the value.</param>
/// <param name="Contributions">By input column, the bias last as "BiasTerm"; null when not asked for.</param>
public sealed record RowPrediction(string? Label, double[] Outputs, IReadOnlyList<KeyValuePair<string, double>>? Contributions = null);

/// <summary>What is asked for besides the predictions.</summary>
/// <param name="Threshold">Instead of the model's own, for binary models.</param>
/// <param name="TopContributions">At most so many columns' contributions, the largest; null for all.</param>
public sealed record ScoringOptions(double? Threshold = null, bool IncludeContributions = false, int? TopContributions = null);

/// <summary>Scored rows with what the model says about them.</summary>
/// <param name="ContributionSpace">In which space contributions add up; null when not asked for.</param>
public sealed record Predictions(
    IReadOnlyList<string> Classes, IReadOnlyList<RowPrediction> Rows, IReadOnlyList<string> Warnings, string? ContributionSpace);

/// <summary>A scored table; metrics when it holds labels.</summary>
public sealed record TableScores(
    TaskKindName Task, IReadOnlyList<string> Classes, IReadOnlyList<RowPrediction> Rows, int LabelledRows, IReadOnlyDictionary<string, double>? Metrics);

public enum TaskKindName
{
    Binary,
    Multiclass,
    Regression,
}

/// <summary>Scoring with models in memory.</summary>
public sealed class PredictionService(ModelCache models, MembershipCache memberships)
{
    public const int MostRows = 1_000_000;
    private const int MostWarnings = 20;

    /// <summary>Scores JSON: one record or a list of records. Unknown members and missing ones are warned about, not refused.</summary>
    public async Task<Predictions> PredictAsync(Caller caller, Guid modelId, JsonElement inputs, ScoringOptions options, CancellationToken cancellation)
    {
        var loaded = await OpenAsync(caller, modelId, cancellation);
        if (options.Threshold is < 0 or > 1)
            throw ModelHubException.Invalid("options.threshold", "'threshold' is 0 to 1.");
        if (options.TopContributions is < 1)
            throw ModelHubException.Invalid("options.top_n", "'top_n' is at least 1.");
        var records = inputs.ValueKind switch
        {
            JsonValueKind.Object => [inputs],
            JsonValueKind.Array when inputs.GetArrayLength() <= MostRows => inputs.EnumerateArray().ToList(),
            JsonValueKind.Array => throw ModelHubException.Invalid("inputs", $"'inputs' has more than {MostRows} rows."),
            _ => throw ModelHubException.Invalid("inputs", "'inputs' is a record or a list of records."),
        };
        if (loaded.Trained is not { } model)
            return await RunAsync(loaded, records, options, cancellation);
        var warnings = new SortedSet<string>(StringComparer.Ordinal);
        var row = model.CreateRow();
        var rows = new List<RowPrediction>(records.Count);
        for (var r = 0; r < records.Count; r++)
        {
            Fill(model, row, records[r], r, warnings);
            var outputs = new double[model.OutputCount];
            model.Predict(row, outputs);
            rows.Add(new RowPrediction(
                model.Task == TaskKind.Regression ? null : model.Label(outputs, options.Threshold), outputs,
                options.IncludeContributions ? Contributions(model, row, outputs, options.TopContributions) : null));
        }
        return new Predictions(model.Classes, rows, [.. warnings.Take(MostWarnings)], options.IncludeContributions ? model.ContributionSpace : null);
    }

    /// <summary>Scores a table; rows with a label also count for the metrics.</summary>
    public async Task<TableScores> PredictAsync(Caller caller, Guid modelId, Table table, CancellationToken cancellation)
    {
        var model = await OpenAsync(caller, modelId, cancellation);
        var outputs = await model.PredictAsync(table, cancellation);
        var rows = Decide(model, outputs, null);
        var labels = Labels.Of(table, model.Header.Target, model.Task, model.Header.Classes);
        var labelled = labels.Count(l => !double.IsNaN(l));
        var metrics = labelled == 0 ? null : EvaluationReport.Of(model.Task, model.Header.Classes, outputs, labels, model.Header.Threshold).Metrics
            .Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal);
        var task = model.Task switch
        {
            TaskKind.Binary => TaskKindName.Binary, TaskKind.Multiclass => TaskKindName.Multiclass, TaskKind.Regression => TaskKindName.Regression,
        };
        return new TableScores(task, model.Header.Classes, rows, labelled, metrics);
    }

    private static async Task<Predictions> RunAsync(
        LoadedModel model, IReadOnlyList<JsonElement> records, ScoringOptions options, CancellationToken cancellation)
    {
        if (options.IncludeContributions)
            throw new ModelHubException(ErrorKind.WrongState, "no_contributions", "This model has no exact contributions.");
        var outputs = await model.PredictAsync(RecordTable.Of(records), cancellation);
        return new Predictions(model.Header.Classes, Decide(model, outputs, options.Threshold), [], null);
    }

    private static List<RowPrediction> Decide(LoadedModel model, double[] outputs, double? threshold)
    {
        var rows = new List<RowPrediction>(outputs.Length / model.OutputCount);
        for (var at = 0; at < outputs.Length; at += model.OutputCount)
        {
            var own = outputs.AsSpan(at, model.OutputCount);
            rows.Add(new RowPrediction(
                model.Task == TaskKind.Regression ? null : model.Header.Classes[EvaluationReport.Decide(own, threshold ?? model.Header.Threshold)], own.ToArray()));
        }
        return rows;
    }

    /// <summary>A model in memory that the caller may score with.</summary>
    public async ValueTask<LoadedModel> OpenAsync(Caller caller, Guid modelId, CancellationToken cancellation)
    {
        var loaded = await models.GetAsync(modelId, cancellation);
        if (!await memberships.IsMemberAsync(caller, loaded.ProjectId, cancellation))
            throw ModelHubException.NotFound("model");
        return loaded;
    }

    /// <summary>Of the score of the positive class, of the most likely one of many, or of the value.</summary>
    private static List<KeyValuePair<string, double>> Contributions(TrainedModel model, RowBuffer row, double[] outputs, int? top)
    {
        try
        {
            var (columns, bias) = model.Contributions(row, model.Task == TaskKind.Multiclass ? Array.IndexOf(outputs, outputs.Max()) : 0);
            var kept = top is { } most ? columns.OrderByDescending(c => Math.Abs(c.Value)).Take(most) : columns;
            return [.. kept, KeyValuePair.Create("BiasTerm", bias)];
        }
        catch (EngineException refusal)
        {
            throw new ModelHubException(ErrorKind.WrongState, "no_contributions", refusal.Message, inner: refusal);
        }
    }

    private static void Fill(TrainedModel model, RowBuffer row, JsonElement record, int number, SortedSet<string> warnings)
    {
        if (record.ValueKind != JsonValueKind.Object)
            throw ModelHubException.Invalid("inputs", $"Row {number} is no record.");
        row.Clear();
        var known = 0;
        foreach (var member in record.EnumerateObject())
        {
            var input = model.FindInput(member.Name);
            if (input < 0)
            {
                if (member.Name != model.Header.Target && warnings.Count < MostWarnings)
                    warnings.Add($"'{Short(member.Name)}' is no input of this model.");
                continue;
            }
            known++;
            switch (member.Value.ValueKind)
            {
                case JsonValueKind.Number when member.Value.TryGetDouble(out var value) && double.IsFinite(value):
                    row.SetNumber(input, value);
                    break;
                case JsonValueKind.String:
                    row.SetText(input, member.Value.GetString());
                    break;
                case JsonValueKind.True or JsonValueKind.False:
                    row.SetText(input, member.Value.GetBoolean() ? "true" : "false");
                    break;
                case JsonValueKind.Null:
                    break;
                default:
                    throw ModelHubException.Invalid("inputs", $"Row {number}: '{Short(member.Name)}' is neither a number, a text, a truth value nor null.");
            }
        }
        if (row.Unusual >= 0 && warnings.Count < MostWarnings)
            warnings.Add($"'{model.Inputs[row.Unusual].Name}' holds a value that training did not see; it counts as missing.");
        if (known < model.Inputs.Count && warnings.Count < MostWarnings)
            warnings.Add("Some inputs of the model are missing from some rows; they count as missing values.");
    }

    private static string Short(string name) => name.Length <= 60 ? name : name[..60] + "…";
}

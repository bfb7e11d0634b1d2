using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
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
public sealed record ScoringOptions(double? Threshold = null, bool IncludeContributions = false, int? TopContributions = null)
{
    /// <exception cref="ModelHubException">An option is out of its range.</exception>
    public void Check()
    {
        if (Threshold is { } threshold && !(threshold is >= 0 and <= 1))
            throw ModelHubException.Invalid("options.threshold", "'threshold' is 0 to 1.");
        if (TopContributions is < 1)
            throw ModelHubException.Invalid("options.top_n", "'top_n' is at least 1.");
    }
}

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
    /// <summary>Scores records of any kind that JSON can be written of. Unknown members and missing ones are warned about, not refused.</summary>
    public async Task<Predictions> PredictAsync(
        Caller caller, Guid modelId, IEnumerable<IReadOnlyDictionary<string, JsonElement>> records, ScoringOptions options, CancellationToken cancellation)
    {
        var model = await OpenAsync(caller, modelId, cancellation);
        options.Check();
        var contributions = options.IncludeContributions ? new RowContributions(model) : null;
        using var scored = ScoredRecords.Read(model, JsonSerializer.SerializeToUtf8Bytes(records));
        await scored.ScoreAsync(cancellation);
        var rows = new RowPrediction[scored.Rows.Count];
        for (var r = 0; r < rows.Length; r++)
        {
            var outputs = scored.Rows.OutputsOf(r);
            rows[r] = new RowPrediction(
                model.IsRegression ? null : model.Header.Classes[EvaluationReport.Decide(outputs, options.Threshold ?? model.Header.Threshold)], outputs.ToArray(),
                contributions is null ? null : ByColumn(contributions, scored.Rows, r, options.TopContributions));
        }
        return new Predictions(model.Header.Classes, rows, scored.Warnings(), contributions?.Space);
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

    /// <summary>A model in memory that the caller may score with. Asks no database for one that is, of a caller who is known.</summary>
    public async ValueTask<LoadedModel> OpenAsync(Caller caller, Guid modelId, CancellationToken cancellation)
    {
        var loaded = await models.GetAsync(modelId, cancellation);
        if (!await memberships.IsMemberAsync(caller, loaded.ProjectId, cancellation))
            throw ModelHubException.NotFound("model");
        return loaded;
    }

    /// <summary>Of the score of the positive class, of the most likely one of many, or of the value.</summary>
    private static List<KeyValuePair<string, double>> ByColumn(RowContributions contributions, RowBlock rows, int row, int? top)
    {
        var all = contributions.Of(rows, row, 1);
        var own = all.AsSpan(contributions.Explained(rows.OutputsOf(row)) * contributions.Width, contributions.Width);
        var named = new List<KeyValuePair<string, double>>(contributions.Width);
        foreach (var input in contributions.Largest(own, top))
            named.Add(KeyValuePair.Create(contributions.Feature(input), own[input]));
        named.Add(KeyValuePair.Create("BiasTerm", own[^1]));
        return named;
    }
}

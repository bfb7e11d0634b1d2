using System.Text.Json;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Explanations;

/// <summary>What moved one score of a row: the bias and the contributions are the score.</summary>
/// <param name="Class">Of a classification: the class that the score speaks for; null for a regression.</param>
/// <param name="Bias">Of a model that can only be asked it also holds what the columns do together.</param>
/// <param name="Contributions">The largest first.</param>
public sealed record ScoreExplanation(string? Class, double Score, double Bias, IReadOnlyList<KeyValuePair<string, double>> Contributions);

public sealed record ExplainedRow(string? Label, double[] Outputs, IReadOnlyList<ScoreExplanation> Scores);

/// <param name="Space">log_odds or value; of a model that can only be asked, probability or value.</param>
public sealed record ExplainedRows(IReadOnlyList<string> Classes, string Space, IReadOnlyList<ExplainedRow> Rows, IReadOnlyList<string> Warnings);

/// <summary>What is wanted of an explanation of rows.</summary>
/// <param name="OnlyClass">Of a multiclass model: one class; null for all of them.</param>
/// <param name="Most">Contributions of a score, the largest; null for all.</param>
/// <param name="Data">What a model that can only be asked is compared with: other data than its training data.</param>
public sealed record RowWish(string? OnlyClass, int? Most, DataWish Data);

/// <summary>
/// Explains single rows: by exact SHAP, class by class where there are many, what the hub reads itself; a model that can only be asked by what
/// its answer would be with the values that columns have in other rows (<see cref="AskedContributions"/>, as the prediction API tells it).
/// </summary>
public sealed class RowExplanationService(PredictionService predictions, ExplanationData data, ExplanationBaselines baselines)
{
    private const int MostNumbers = 2_000_000;
    private const int MostAskedRows = 100;

    /// <param name="inputs">A record, or a list of records.</param>
    /// <exception cref="ModelHubException">The model cannot be explained, a row is refused, or it is too much at once.</exception>
    public async Task<ExplainedRows> ExplainAsync(Caller caller, Guid modelId, JsonElement inputs, RowWish wish, CancellationToken cancellation)
    {
        var model = await predictions.OpenAsync(caller, modelId, cancellation);
        model.Answering?.Require(takesAnswers: false);
        if (wish.Most is < 1)
            throw ModelHubException.Invalid("options.top_n", "'top_n' is at least 1.");
        if (inputs.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            throw ModelHubException.Invalid("inputs", "'inputs' is a record or a list of records.");
        using var scored = ScoredRecords.Read(model, JsonSerializer.SerializeToUtf8Bytes(new { inputs }));
        return model.Trained is null
            ? await AskAsync(caller, scored, wish, cancellation) : await ExplainAsync(scored, wish, cancellation);
    }

    private static async Task<ExplainedRows> ExplainAsync(ScoredRecords scored, RowWish wish, CancellationToken cancellation)
    {
        var model = scored.Model;
        var contributions = new RowContributions(model);
        var only = -1;
        for (var k = 0; wish.OnlyClass is not null && k < model.Header.Classes.Count; k++)
            only = model.Header.Classes[k] == wish.OnlyClass ? k : only;
        if (wish.OnlyClass is not null && (only < 0 || contributions.ScoreCount == 1))
            throw ModelHubException.Invalid("options.class", "'class' is a class of a model that has more than two.");
        if ((long)scored.Rows.Count * contributions.ScoreCount * contributions.Width > MostNumbers)
            throw ModelHubException.Invalid("inputs", $"That is more than {MostNumbers} contributions; ask for fewer rows.");
        await scored.ScoreAsync(cancellation);
        var all = contributions.Of(scored.Rows, 0, scored.Rows.Count);
        var rows = new List<ExplainedRow>(scored.Rows.Count);
        for (var r = 0; r < scored.Rows.Count; r++)
        {
            var scores = new List<ScoreExplanation>();
            for (var k = 0; k < contributions.ScoreCount; k++)
            {
                if (only < 0 || only == k)
                    scores.Add(Of(contributions, all.AsSpan((r * contributions.ScoreCount + k) * contributions.Width, contributions.Width), ClassOf(model.Header.Classes, k), wish.Most));
            }
            rows.Add(RowOf(scored, r, scores));
        }
        return new ExplainedRows(model.Header.Classes, contributions.Space, rows, scored.Warnings());
    }

    private async Task<ExplainedRows> AskAsync(Caller caller, ScoredRecords scored, RowWish wish, CancellationToken cancellation)
    {
        var model = scored.Model;
        if (wish.OnlyClass is not null)
            throw ModelHubException.Invalid("options.class", "This model can only be asked: the likeliest class is explained.");
        if (scored.Rows.Count > MostAskedRows)
            throw ModelHubException.Invalid("inputs", $"Of a model that can only be asked, {MostAskedRows} rows are explained at once.");
        var baseline = await BaselineAsync(caller, model, wish.Data, cancellation);
        await scored.ScoreAsync(cancellation);
        var asked = await scored.AskAsync(baseline, cancellation);
        var rows = new List<ExplainedRow>(scored.Rows.Count);
        for (var r = 0; r < scored.Rows.Count; r++)
        {
            var outputs = scored.Rows.OutputsOf(r);
            var at = AskedContributions.ExplainedOutput(model, outputs);
            var own = asked.OfRow(r);
            var largest = own.OrderByDescending(c => Math.Abs(c.Value)).ThenBy(c => c.Key, StringComparer.Ordinal).Take(wish.Most ?? own.Count);
            rows.Add(RowOf(scored, r, [
                new ScoreExplanation(model.IsRegression ? null : model.Header.Classes[at], outputs[at], outputs[at] - own.Values.Sum(), [.. largest])]));
        }
        return new ExplainedRows(model.Header.Classes, model.IsRegression ? "value" : "probability", rows, scored.Warnings());
    }

    /// <summary>The rows that explanations were initialised with, unless the request names data; else some of the training data's.</summary>
    private async Task<ExplanationBaseline> BaselineAsync(Caller caller, LoadedModel model, DataWish wish, CancellationToken cancellation)
    {
        if (wish is { DatasetId: null, DatasetVersionId: null } && await baselines.FindAsync(model.Id, cancellation) is { } known)
            return known;
        var chosen = await data.OfVersionAsync(caller, model.Id, wish, cancellation);
        var table = await data.ReadAsync(chosen.DatasetVersionId, cancellation);
        var target = chosen.TargetIn(model, table);
        return ExplanationBaseline.Of(table, name => chosen.IsFeature(model, target, name));
    }

    private static ExplainedRow RowOf(ScoredRecords scored, int row, IReadOnlyList<ScoreExplanation> scores)
    {
        var (model, outputs) = (scored.Model, scored.Rows.OutputsOf(row).ToArray());
        return new ExplainedRow(model.IsRegression ? null : model.Header.Classes[model.Decide(outputs)], outputs, scores);
    }

    /// <summary>A binary model's one score speaks for its positive class.</summary>
    private static string? ClassOf(IReadOnlyList<string> classes, int score) => classes.Count switch { 0 => null, 2 => classes[1], _ => classes[score] };

    private static ScoreExplanation Of(RowContributions contributions, ReadOnlySpan<double> own, string? name, int? most)
    {
        var named = new List<KeyValuePair<string, double>>();
        foreach (var input in contributions.Largest(own, most ?? own.Length))
            named.Add(KeyValuePair.Create(contributions.Feature(input), own[input]));
        var score = 0.0;
        foreach (var value in own)
            score += value;
        return new ScoreExplanation(name, score, own[^1], named);
    }
}

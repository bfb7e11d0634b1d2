using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Scoring;

namespace ModelHub.Application.Explanations;

/// <summary>What moved one score of a row: the bias and the contributions are the score.</summary>
/// <param name="Class">Of a classification: the class that the score speaks for; null for a regression.</param>
/// <param name="Contributions">The largest first.</param>
public sealed record ScoreExplanation(string? Class, double Score, double Bias, IReadOnlyList<KeyValuePair<string, double>> Contributions);

public sealed record ExplainedRow(string? Label, double[] Outputs, IReadOnlyList<ScoreExplanation> Scores);

/// <param name="Space">log_odds or value.</param>
public sealed record ExplainedRows(IReadOnlyList<string> Classes, string Space, IReadOnlyList<ExplainedRow> Rows, IReadOnlyList<string> Warnings);

/// <summary>Explains single rows by exact SHAP, class by class where there are many.</summary>
public sealed class RowExplanationService(PredictionService predictions)
{
    private const int MostNumbers = 2_000_000;

    /// <param name="inputs">A record, or a list of records.</param>
    /// <param name="onlyClass">Of a multiclass model: one class; null for all of them.</param>
    /// <exception cref="ModelHubException">The model cannot be explained exactly, a row is refused, or it is too much at once.</exception>
    public async Task<ExplainedRows> ExplainAsync(
        Caller caller, Guid modelId, JsonElement inputs, string? onlyClass, int? most, CancellationToken cancellation)
    {
        var model = await predictions.OpenAsync(caller, modelId, cancellation);
        var contributions = new RowContributions(model);
        if (most is < 1)
            throw ModelHubException.Invalid("options.top_n", "'top_n' is at least 1.");
        if (inputs.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            throw ModelHubException.Invalid("inputs", "'inputs' is a record or a list of records.");
        var only = -1;
        for (var k = 0; onlyClass is not null && k < model.Header.Classes.Count; k++)
            only = model.Header.Classes[k] == onlyClass ? k : only;
        if (onlyClass is not null && (only < 0 || contributions.ScoreCount == 1))
            throw ModelHubException.Invalid("options.class", "'class' is a class of a model that has more than two.");
        using var scored = ScoredRecords.Read(model, JsonSerializer.SerializeToUtf8Bytes(new { inputs }));
        if ((long)scored.Rows.Count * contributions.ScoreCount * contributions.Width > MostNumbers)
            throw ModelHubException.Invalid("inputs", $"That is more than {MostNumbers} contributions; ask for fewer rows.");
        await scored.ScoreAsync(cancellation);
        var all = contributions.Of(scored.Rows, 0, scored.Rows.Count);
        var rows = new List<ExplainedRow>(scored.Rows.Count);
        for (var r = 0; r < scored.Rows.Count; r++)
        {
            var outputs = scored.Rows.OutputsOf(r).ToArray();
            var scores = new List<ScoreExplanation>();
            for (var k = 0; k < contributions.ScoreCount; k++)
            {
                if (only < 0 || only == k)
                    scores.Add(Of(contributions, all.AsSpan((r * contributions.ScoreCount + k) * contributions.Width, contributions.Width), ClassOf(model.Header.Classes, k), most));
            }
            rows.Add(new ExplainedRow(model.IsRegression ? null : model.Header.Classes[model.Decide(outputs)], outputs, scores));
        }
        return new ExplainedRows(model.Header.Classes, contributions.Space, rows, scored.Warnings());
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

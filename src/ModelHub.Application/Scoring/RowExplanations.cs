using ModelHub.Application.Errors;
using ModelHub.Engine;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Scoring;

/// <summary>What an input did to one prediction.</summary>
/// <param name="Strength">
/// Its contribution (exact SHAP) to the score: log-odds for classes, the value for a regression. Of models that can only be asked, the mean
/// change of the probability or value (see <see cref="AskedContributions"/>).
/// </param>
/// <param name="Sign">+++ to +, or − to −−−: by its share of all contributions of the row.</param>
public sealed record RowExplanation(string Feature, double Strength, string Sign);

/// <summary>The inputs that moved a prediction most.</summary>
public static class RowExplanations
{
    /// <exception cref="ModelHubException">The model cannot be explained exactly.</exception>
    public static IReadOnlyList<RowExplanation> Of(RowBlock block, int row, int most)
    {
        if (block.Model.Trained is not { } trained)
            return Strongest((block.Asked ?? throw NotExplained("This model gives no explanations.")).OfRow(row), most);
        var outputs = block.OutputsOf(row);
        var output = block.Model.IsRegression || block.Model.IsBinary ? 0 : EvaluationReport.Likeliest(outputs);
        try
        {
            return Strongest(trained.Contributions(block.FeaturesOf(row), output).Columns, most);
        }
        catch (EngineException refusal)
        {
            throw NotExplained(refusal.Message);
        }
    }

    private static IReadOnlyList<RowExplanation> Strongest(IEnumerable<KeyValuePair<string, double>> columns, int most)
    {
        var total = columns.Sum(c => Math.Abs(c.Value));
        return
        [
            .. columns.OrderByDescending(c => Math.Abs(c.Value)).ThenBy(c => c.Key, StringComparer.Ordinal).Take(most)
                .Select(c => new RowExplanation(c.Key, c.Value, Sign(c.Value, total))),
        ];
    }

    /// <summary>Three signs for two fifths of all that moved the row, two for a fifth, one for less.</summary>
    private static string Sign(double strength, double total)
    {
        var share = total == 0 ? 0 : Math.Abs(strength) / total;
        return new string(strength < 0 ? '-' : '+', share >= 0.4 ? 3 : share >= 0.2 ? 2 : 1);
    }

    private static ModelHubException NotExplained(string why) => new(ErrorKind.Invalid, "no_explanations", why);
}

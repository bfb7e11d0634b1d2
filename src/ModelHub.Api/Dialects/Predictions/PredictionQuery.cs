using System.Globalization;
using Microsoft.Extensions.Primitives;
using ModelHub.Application.Errors;
using ModelHub.Application.Scoring;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary>What a request's query asks for.</summary>
internal sealed record PredictionQuery
{
    private const int MostDecimals = 15;
    private const int MostExplanations = 100;

    public static PredictionQuery Plain { get; } = new();

    public KeptColumns Passthrough { get; init; } = KeptColumns.None;

    public IReadOnlyList<string> PassthroughOrder { get; init; } = [];

    public bool Warnings { get; init; }

    public int? Decimals { get; init; }

    /// <summary>0 for none.</summary>
    public int MaxExplanations { get; init; }

    /// <summary>Rows between the two are not explained.</summary>
    public double? ThresholdHigh { get; init; }

    public double? ThresholdLow { get; init; }

    /// <exception cref="ModelHubException">A parameter is malformed, or two exclude each other.</exception>
    public static PredictionQuery Of(IQueryCollection query, bool explains)
    {
        if (query.Count == 0 && !explains)
            return Plain;
        var names = query["passthroughColumns"].OfType<string>().Where(n => n.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        var set = Single(query, "passthroughColumnsSet");
        if (set is not null and not "all")
            throw ModelHubException.Invalid("passthroughColumnsSet", "'passthroughColumnsSet' is all, or left out.");
        if (set is not null && names.Count > 0)
            throw ModelHubException.Invalid("passthroughColumns", "'passthroughColumns' and 'passthroughColumnsSet' exclude each other.");
        var codes = Whole(query, "maxCodes", MostExplanations);
        var explanations = Whole(query, "maxExplanations", MostExplanations) ?? codes ?? (explains ? 3 : 0);
        return new PredictionQuery
        {
            Passthrough = set is null && names.Count == 0 ? KeptColumns.None : new KeptColumns(set is not null, names.ToHashSet(StringComparer.Ordinal)),
            PassthroughOrder = names,
            Warnings = Truth(query, "predictionWarningEnabled") ?? false,
            Decimals = Whole(query, "decimalsNumber", MostDecimals),
            MaxExplanations = explanations,
            ThresholdHigh = Number(query, "thresholdHigh"),
            ThresholdLow = Number(query, "thresholdLow"),
        };
    }

    private static string? Single(IQueryCollection query, string name)
    {
        if (query[name] is not { Count: > 0 } values || values == StringValues.Empty || values[^1] is not { Length: > 0 } last)
            return null;
        return last;
    }

    private static int? Whole(IQueryCollection query, string name, int most)
    {
        if (Single(query, name) is not { } text)
            return null;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > most)
            throw ModelHubException.Invalid(name, $"'{name}' is a whole number from 0 to {most}.");
        return number;
    }

    private static double? Number(IQueryCollection query, string name)
    {
        if (Single(query, name) is not { } text)
            return null;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            throw ModelHubException.Invalid(name, $"'{name}' is a number.");
        return number;
    }

    private static bool? Truth(IQueryCollection query, string name) => Single(query, name)?.ToUpperInvariant() switch
    {
        null => null,
        "TRUE" or "1" => true,
        "FALSE" or "0" => false,
        _ => throw ModelHubException.Invalid(name, $"'{name}' is true or false."),
    };
}

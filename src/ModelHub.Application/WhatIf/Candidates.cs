using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;

namespace ModelHub.Application.WhatIf;

/// <summary>Values that an input might take.</summary>
internal static class Candidates
{
    private const int MostLevels = 100;

    /// <summary>The levels of a category, the commonest first; else so many numbers, evenly over the range that training saw.</summary>
    public static List<JsonElement> Of(LoadedModel model, string feature, int count)
    {
        var input = model.Header.Inputs.FirstOrDefault(i => i.Name == feature);
        if (input?.Levels is { Count: > 0 } levels)
            return [.. levels.Take(MostLevels).Select(l => JsonSerializer.SerializeToElement(l))];
        if (input is not { Min: { } low, Max: { } high } || !double.IsFinite(low) || !double.IsFinite(high))
            throw ModelHubException.Invalid("values", $"'values' are needed: what '{feature}' usually is, is not known.");
        return high <= low ? [JsonSerializer.SerializeToElement(low)]
            : [.. Enumerable.Range(0, count).Select(i => JsonSerializer.SerializeToElement(low + (high - low) * i / (count - 1)))];
    }
}
